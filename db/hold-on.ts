import { setTimeout as pause } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { backoffMs } from '../domain/backoff.ts';
import { PipelineError } from '../domain/errors.ts';
import { faultKind, isReadOnly } from './faults.ts';
import type { Database } from './schema.ts';
import { hangUpReader } from './store.ts';

/** With these pauses an outage of a minute is waited for. Whoever starts again later loses nothing. */
const RETRY_MS = { base: 50, max: 5_000 };
const ATTEMPTS_MAX = 30;

/**
 * Tries work again while it is only the moment that is bad.
 *
 * @param deps.random A draw from [0, 1).
 */
export async function holdOn<Result>(
  { db, random }: { db: Kysely<Database>; random: () => number },
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isOfTheMoment(error) || attempt === ATTEMPTS_MAX) throw error;
      signal.throwIfAborted();
      if (isReadOnly(error)) await hangUpReader(db);
      await pause(backoffMs(attempt, RETRY_MS, random()), undefined, { signal });
    }
  }
}

function isOfTheMoment(error: unknown): boolean {
  if (error instanceof PipelineError) return error.retry !== 'never';
  return faultKind(error) === 'transient';
}
