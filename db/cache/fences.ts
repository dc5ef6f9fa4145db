import { type CacheConnection, failUnreachable } from './connection.ts';
import { type CacheEntry, type CacheKeys, type EntryKeys, newToken } from './keys.ts';
import type { CacheScripts } from './scripts.ts';

/** Stands around a transaction: from before its commit until after it, nobody fills its entries. */
export interface WriteFence {
  /** Those entries that somebody had cached. */
  readonly cached: ReadonlySet<CacheEntry>;
  lift(): Promise<void>;
}

/** A writer that died, or whose `lift` got lost, keeps its entries out of the cache this long. */
const WRITER_DEADLINE_MS = 10_000;
/** One that lives says so in time, however long MySQL makes it wait for a lock. */
const RENEWAL_MS = 3_000;
const ENTRIES_PER_SCRIPT_MAX = 200;
const MAKE_GOOD_MS = 200;

export function openFences(parts: {
  connection: CacheConnection;
  keys: CacheKeys;
  scripts: CacheScripts;
}) {
  const { connection, keys, scripts } = parts;
  const { redis } = connection;
  const setEpoch = async (companyId: string) =>
    void (await redis.set(keys.epochOf(companyId), newToken()));
  const untold = openUntold(setEpoch, connection.isReady);
  redis.on('ready', untold.makeGood); // Before anything else is said on a new connection.

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
        connection.distrust();
        untold.add(companyId);
      }
    });
    await Promise.all(sent);
  }

  /** Never rejects: an unreachable cache must not stop a Message from being stored. */
  async function fence(entries: readonly CacheEntry[]): Promise<WriteFence> {
    const token = newToken();
    const cached = new Set<CacheEntry>();
    const raise = () =>
      send(entries, async (keysOfSome, some) => {
        const flags = await scripts.raise(keysOfSome, { token, deadlineMs: WRITER_DEADLINE_MS });
        for (const [at, entry] of some.entries()) if (flags[at]) cached.add(entry);
      });

    let raised = raise();
    await raised;
    const renewal = setInterval(() => void (raised = raise()), RENEWAL_MS).unref();
    return {
      cached,
      async lift() {
        clearInterval(renewal);
        await raised; // Or a renewal under way would raise the fence again.
        await send(entries, (keysOfSome) => scripts.lift(keysOfSome, token));
      },
    };
  }

  return {
    fence,
    async invalidate(entry: CacheEntry): Promise<void> {
      await connection.untilReady();
      await scripts.lift([keys.of(entry)], newToken()).catch(failUnreachable);
    },
    async invalidateCompany(companyId: string): Promise<void> {
      await connection.untilReady();
      await setEpoch(companyId).catch(failUnreachable);
    },
  };
}

/**
 * Companies with a commit the cache was not told of: their pages are declared void as soon as Redis
 * answers again. (After a crash of Redis there are none; after a cut in the network there are.)
 */
function openUntold(tell: (companyId: string) => Promise<void>, isReady: () => boolean) {
  const untold = new Set<string>();
  let timer: NodeJS.Timeout | undefined;

  function makeGood(): void {
    for (const companyId of untold) {
      // Struck out before it is told: what commits meanwhile is written down anew.
      untold.delete(companyId);
      tell(companyId).catch(() => add(companyId));
    }
  }

  function add(companyId: string): void {
    untold.add(companyId);
    timer ??= setTimeout(retry, MAKE_GOOD_MS).unref();
  }

  function retry(): void {
    timer = undefined;
    if (isReady()) makeGood(); // Else the next connection begins with it.
  }

  return { add, makeGood };
}

function* pieces(entries: readonly CacheEntry[]): Generator<readonly CacheEntry[]> {
  for (let at = 0; at < entries.length; at += ENTRIES_PER_SCRIPT_MAX) {
    yield entries.slice(at, at + ENTRIES_PER_SCRIPT_MAX);
  }
}
