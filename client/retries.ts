import { setTimeout as pause } from 'node:timers/promises';
import { type BackoffRange, backoffMs } from '../domain/backoff.ts';
import { ClientError } from './client-error.ts';

export interface RetryLimits {
  readonly attemptsMax: number;
  /** Milliseconds for all attempts and the pauses between them. */
  readonly totalMsMax: number;
}

const BACKOFF: BackoffRange = { base: 200, max: 5_000 };

/**
 * Tries again after a fault that may pass, until it is done or a limit is reached. The pause is
 * random, and where the server named one, as long at least.
 *
 * @param attempt Is told how many milliseconds it may take.
 * @throws ClientError The last one; at once, if it will not pass, or not in time.
 */
export async function persevere<Result>(
  limits: RetryLimits,
  attempt: (leftMs: number) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const dueAt = performance.now() + limits.totalMsMax;
  for (let attempts = 1; ; attempts += 1) {
    signal?.throwIfAborted();
    try {
      return await attempt(dueAt - performance.now());
    } catch (error) {
      const pauseMs = pauseAfter(error, attempts);
      const isLast = attempts >= limits.attemptsMax || performance.now() + pauseMs >= dueAt;
      if (isLast) throw error;
      // Cut short by the signal, whose reason is told above.
      await pause(pauseMs, undefined, signal && { signal }).catch(() => {});
    }
  }
}

/** Infinity where no attempt would help. */
function pauseAfter(error: unknown, attempts: number): number {
  if (!(error instanceof ClientError) || error.retry === 'never') return Infinity;
  return (error.retryAfterMs ?? 0) + backoffMs(attempts, BACKOFF, Math.random());
}
