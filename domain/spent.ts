import { PipelineError } from './errors.ts';

/** What it cost; nothing, if no one charged for it. */
export interface Spent {
  readonly tokens: { readonly input: number; readonly output: number };
  /** Millionths of the currency that prices are configured in. */
  readonly costMicros: number;
}

/** No Summary came of it, but it was charged for: that counts against a budget all the same. */
export class SummaryFailed extends PipelineError {
  readonly spent: Spent;

  constructor({ code, message, retry }: PipelineError, spent: Spent) {
    super(code, message, { retry });
    this.spent = spent;
  }
}

const TOO_SLOW: ReadonlySet<string> = new Set(['SUMMARIZER_TIMED_OUT', 'SUMMARIZER_GIVEN_UP']);

/** Whether nobody waited any longer: the same work takes as long again, and is charged for again. */
export function isTooSlow(error: unknown): error is PipelineError {
  return error instanceof PipelineError && TOO_SLOW.has(error.code);
}
