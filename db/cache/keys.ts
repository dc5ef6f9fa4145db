import { randomBytes } from 'node:crypto';

/** One thing of one Company that is kept ready: the newest page of a Conversation, or a list. */
export interface CacheEntry {
  readonly companyId: string;
  readonly name: string;
  /** How long it may be kept, in milliseconds, where no writer drops it; absent: five minutes. */
  readonly ttlMs?: number;
}

/** An entry's keys; all of a Company share one hash tag, so a script finds them on one node. */
export interface EntryKeys {
  readonly epoch: string;
  readonly page: string;
  readonly head: string;
  readonly lease: string;
  readonly writers: string;
}

export interface CacheKeys {
  /** Changing the value at this key makes all pages of the Company count no longer. */
  epochOf(companyId: string): string;
  of(entry: CacheEntry): EntryKeys;
  /** What all epochs match, and no other key does. */
  readonly anyEpoch: string;
  /** How far cleaning has come. */
  readonly cleanedTo: string;
}

/** @param prefix Set apart what shares one Redis. Identifiers are encoded: none can imitate a key. */
export function cacheKeys(prefix: string): CacheKeys {
  const tag = (companyId: string) => `${prefix}:{${encodeURIComponent(companyId)}}`;
  const epochOf = (companyId: string) => `${tag(companyId)}:epoch`;
  return {
    epochOf,
    anyEpoch: `${prefix}:{*}:epoch`,
    cleanedTo: `${prefix}:cleaned-to`,
    of({ companyId, name }) {
      const page = `${tag(companyId)}:page:${encodeURIComponent(name)}`;
      return {
        epoch: epochOf(companyId),
        page,
        head: `${page}:head`,
        lease: `${page}:lease`,
        writers: `${page}:writers`,
      };
    },
  };
}

export const TOKEN_BYTES = 16;

/** 96 random bits in 16 characters: an epoch, a lease, a writer, never given twice. */
export function newToken(): string {
  return randomBytes(12).toString('base64url');
}
