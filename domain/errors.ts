/** What the fleet does with a job that failed: decided where the fault is known, obeyed in one place. */
export type Retry =
  | 'backoff'
  | 'never'
  | { readonly afterMs: number }
  /** No job of the queue starts before then. Only for queues whose contract has a `rateLimit`. */
  | { readonly queueAfterMs: number };

/** Milliseconds until the next attempt, where the fault tells. */
export function pauseOf(retry: Retry): number | null {
  if (typeof retry === 'string') return null;
  return 'afterMs' in retry ? retry.afterMs : retry.queueAfterMs;
}

/** A fault we know: a code for machines, a sentence for people, a decision for the fleet. */
export class PipelineError extends Error {
  override readonly name: string = 'PipelineError';
  readonly code: string;
  readonly retry: Retry;

  constructor(code: string, message: string, options: { retry: Retry; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retry = options.retry;
  }
}
