import type { Redis } from 'ioredis';
import { type CacheEntry, type CacheKeys, type EntryKeys, newToken } from './keys.ts';
import type { CacheScripts } from './scripts.ts';

/** Stands around a transaction: from before its commit until after it, nobody fills its entries. */
export interface WriteFence {
  /** Those entries that somebody had cached. */
  readonly cached: ReadonlySet<CacheEntry>;
  lift(): Promise<void>;
}

/** A writer that died keeps its entries out of the cache this long; longer than any commit takes. */
const WRITER_DEADLINE_MS = 30_000;
const ENTRIES_PER_SCRIPT_MAX = 200;
const MAKE_GOOD_MS = 200;

export function openFences(parts: { redis: Redis; keys: CacheKeys; scripts: CacheScripts }) {
  const { redis, keys, scripts } = parts;
  const setEpoch = (companyId: string) => redis.set(keys.epochOf(companyId), newToken());
  const untold = openUntold(async (companyId) => void (await setEpoch(companyId)));

  /** Sends entries in bounded pieces, each of one Company. What Redis does not take is made good. */
  async function send(
    entries: readonly CacheEntry[],
    command: (keysOfSome: EntryKeys[], some: readonly CacheEntry[]) => Promise<void>,
  ): Promise<void> {
    const byCompany = Map.groupBy(entries, (entry) => entry.companyId);
    const sent = [...byCompany].map(async ([companyId, own]) => {
      try {
        for (const some of pieces(own)) await command(some.map(keys.of), some);
      } catch {
        untold.add(companyId);
      }
    });
    await Promise.all(sent);
  }

  /** Never rejects: an unreachable cache must not stop a Message from being stored. */
  async function fence(entries: readonly CacheEntry[]): Promise<WriteFence> {
    const token = newToken();
    const cached = new Set<CacheEntry>();
    await send(entries, async (keysOfSome, some) => {
      const flags = await scripts.raise(keysOfSome, { token, deadlineMs: WRITER_DEADLINE_MS });
      for (const [at, entry] of some.entries()) if (flags[at]) cached.add(entry);
    });
    return { cached, lift: () => send(entries, (keysOfSome) => scripts.lift(keysOfSome, token)) };
  }

  return {
    fence,
    invalidate: (entry: CacheEntry) => scripts.lift([keys.of(entry)], newToken()),
    invalidateCompany: async (companyId: string) => void (await setEpoch(companyId)),
  };
}

/**
 * Companies with a commit the cache was not told of: their pages are declared void as soon as Redis
 * answers again. (After a crash of Redis there are none; after a cut in the network there are.)
 */
function openUntold(tell: (companyId: string) => Promise<void>) {
  const untold = new Set<string>();

  async function makeGood(): Promise<void> {
    for (const companyId of untold) {
      await tell(companyId);
      untold.delete(companyId);
    }
  }

  function retryLater(): void {
    setTimeout(() => void makeGood().catch(retryLater), MAKE_GOOD_MS).unref();
  }

  return {
    add(companyId: string): void {
      if (untold.size === 0) retryLater();
      untold.add(companyId);
    },
  };
}

function* pieces(entries: readonly CacheEntry[]): Generator<readonly CacheEntry[]> {
  for (let at = 0; at < entries.length; at += ENTRIES_PER_SCRIPT_MAX) {
    yield entries.slice(at, at + ENTRIES_PER_SCRIPT_MAX);
  }
}
