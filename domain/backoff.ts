/**
 * The pause before the next attempt.
 *
 * @param attempt   1 for the first retry; an integer, at least 1.
 * @param range     Milliseconds: `base` bounds the first pause, `max` every later one.
 * @param random    A draw from [0, 1). Passed in so that a test can hold it still.
 * @returns         Whole milliseconds, in [0, max).
 * @throws RangeError  If `attempt` is not a positive integer: that is a bug in the caller.
 *
 * "Full jitter": Marc Brooker, *Exponential Backoff And Jitter*, AWS Architecture Blog, 2015.
 * Spreads the Fleet out after an outage instead of sending every job back in one wave.
 */
export function backoffMs(attempt: number, range: BackoffRange, random: number): number {
  if (!Number.isInteger(attempt) || attempt < 1) throw new RangeError(`attempt: ${attempt}`);
  return Math.floor(random * Math.min(range.max, range.base * 2 ** (attempt - 1)));
}

/** Milliseconds. */
export interface BackoffRange {
  readonly base: number;
  readonly max: number;
}

/**
 * The pause that an HTTP answer asks for; null if it names none that can be read.
 *
 * @param retryAfter Seconds, or a date: RFC 9110, §10.2.3.
 * @param now        Milliseconds since 1970.
 */
export function retryAfterMs(retryAfter: string | null, now: number): number | null {
  if (retryAfter === null) return null;
  if (/^\s*\d+\s*$/.test(retryAfter)) return Number(retryAfter) * 1_000;
  const date = Date.parse(retryAfter);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}
