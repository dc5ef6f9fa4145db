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
