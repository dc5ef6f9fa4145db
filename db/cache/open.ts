import type { Redis } from 'ioredis';
import { openConnection } from './connection.ts';
import { openFences, type WriteFence } from './fences.ts';
import { openCleaning } from './cleaning.ts';
import { type CacheEntry, cacheKeys } from './keys.ts';
import { type Cached, openReader, TTL_MS } from './reader.ts';
import { defineCacheScripts } from './scripts.ts';

/**
 * Two levels in front of the tiers: L1 in this process, Redis for all processes.
 *
 * A page leaves the cache before the next commit of its Conversation and cannot come back until
 * after it, so what is read is never older than a commit that finished before (P5). L1 keeps bytes
 * only; whether they still count is asked of Redis every time, for 32 bytes instead of a page. So
 * the L1 of every process agrees with Redis, and no message between processes can be late or lost.
 *
 * Without Redis every read goes to `load`: slower, never wrong, never an error.
 */
export interface Cache {
  /**
   * The entry's bytes; loaded once, however many ask.
   *
   * @param isKept Whether what was loaded may be given to those who ask later; absent: all of it.
   */
  read(
    entry: CacheEntry,
    load: () => Promise<Buffer>,
    isKept?: (bytes: Buffer) => boolean,
  ): Promise<Cached>;
  /** To be raised before a transaction commits that changes these entries, and lifted after. */
  fence(entries: readonly CacheEntry[]): Promise<WriteFence>;
  invalidate(entry: CacheEntry): Promise<void>;
  invalidateCompany(companyId: string): Promise<void>;
  /** Drops what no page needs any more. */
  clean(signal: AbortSignal): Promise<{ dropped: number }>;
  /** For counts of the moment that all processes share. */
  readonly connection: Redis;
  ping(): Promise<void>;
  close(): void;
}

/**
 * @param options.url         redis://…; it may be away now and come later.
 * @param options.answerMsMax Milliseconds after which Redis counts as away.
 */
export function openCache(options: { url: string; prefix: string; answerMsMax?: number }): Cache {
  const connection = openConnection(options.url, options.answerMsMax);
  const scripts = defineCacheScripts(connection.redis);
  const parts = { connection, keys: cacheKeys(options.prefix), scripts };
  return {
    ...openReader(parts),
    ...openFences(parts),
    ...openCleaning(parts, TTL_MS),
    connection: connection.redis,
    ping: async () => void (await connection.redis.ping()),
    close: connection.close,
  };
}
