import { type CacheConnection, failUnreachable } from './connection.ts';
import type { CacheKeys } from './keys.ts';
import type { CacheScripts } from './scripts.ts';

/** Keys that Redis looks at in one step. */
const KEYS_PER_STEP = 1_000;
/** A run looks at some million keys, at most; the next one goes on from there. */
const STEPS_MAX = 2_000;
const CURSOR_TTL_MS = 3_600_000;

/**
 * Drops what is left behind of Companies that nobody reads any more: everything else in the cache
 * goes by itself, epochs do not. Safe at any moment (P5): without its epoch a page counts no longer,
 * and the next epoch is one there never was. So should one be dropped that is in use, its pages are
 * loaded once more.
 *
 * @param idleMs Epochs that nobody touched for so long have no pages, if it is the age of a page or more.
 */
export function openCleaning(
  parts: { connection: CacheConnection; keys: CacheKeys; scripts: CacheScripts },
  idleMs: number,
) {
  const { connection, keys, scripts } = parts;
  const { redis } = connection;

  async function cleanFrom(start: string, signal: AbortSignal): Promise<number> {
    let dropped = 0;
    let cursor = start;
    for (let step = 0; step < STEPS_MAX && !signal.aborted; step += 1) {
      const [next, epochs] = await redis.scan(
        cursor,
        'MATCH',
        keys.anyEpoch,
        'COUNT',
        KEYS_PER_STEP,
      );
      const gone = await Promise.all(epochs.map((epoch) => scripts.dropIdle(epoch, idleMs)));
      dropped += gone.filter(Boolean).length;
      cursor = next;
      await redis.set(keys.cleanedTo, cursor, 'PX', CURSOR_TTL_MS);
      if (cursor === '0') break; // Once around.
    }
    return dropped;
  }

  return {
    async clean(signal: AbortSignal): Promise<{ dropped: number }> {
      await connection.untilReady();
      const start = await redis.get(keys.cleanedTo).catch(failUnreachable);
      return { dropped: await cleanFrom(start ?? '0', signal).catch(failUnreachable) };
    },
  };
}
