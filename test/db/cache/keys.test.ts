import { describe, expect, it } from 'vitest';
import { cacheKeys, type CacheEntry, newToken, TOKEN_BYTES } from '../../../db/cache/keys.ts';
import type { Cache } from '../../../db/cache/open.ts';
import { openProcesses } from './processes.ts';

const PUNCTUATED = [
  'a:b',
  ':',
  '{',
  '}',
  '{}',
  '{x}',
  'a}:{b',
  '%',
  '%3A',
  'a%3Ab',
  '*',
  '?',
  '[a]',
];
const IMITATING = ['epoch', 'b:epoch', 'a}:page:b', 'page', 'page:b', 'page:b:lease', 'b:writers'];
const FOREIGN = ['A', 'ã', 'a\u0303', '日本', '📦', 'ß', 'ss', 'İ', 'i', '\u200b', '\u202e'];
const PLAIN = [
  'a',
  'b',
  'x',
  ' ',
  'a b',
  'active',
  'recent a',
  '../a',
  '"',
  "'",
  '\\',
  '__proto__',
];
const HOSTILE = [...PUNCTUATED, ...IMITATING, ...FOREIGN, ...PLAIN];
const ENTRIES: CacheEntry[] = HOSTILE.flatMap((companyId) =>
  HOSTILE.map((name) => ({ companyId, name })),
);

describe('P7: cache keys', () => {
  // Red when names are not encoded.
  it('of different Companies and Conversations are never the same', () => {
    const keys = cacheKeys('camadas');
    const owners = new Map<string, string>();
    for (const entry of ENTRIES) {
      const { epoch, ...own } = keys.of(entry);
      claim(owners, epoch, entry.companyId);
      for (const key of Object.values(own)) claim(owners, key, JSON.stringify(entry));
    }
    expect(owners.size).toBe(HOSTILE.length + 4 * ENTRIES.length);
  });

  // Red when Companies are not encoded.
  it('of one Company, and of no other, have its hash tag', () => {
    const keys = cacheKeys('camadas');
    const tags = new Map<string, string>();
    for (const entry of ENTRIES) {
      for (const key of Object.values(keys.of(entry))) claim(tags, hashTag(key), entry.companyId);
    }
    expect(tags.size).toBe(HOSTILE.length);
  });

  it('give each Company and Conversation its own page', async () => {
    const [one, two] = (await openProcesses(2)) as [Cache, Cache];
    for (const cache of [one, one, two]) {
      const pages = await Promise.all(ENTRIES.map((entry) => cache.read(entry, loader(entry))));
      expect(pages.map(({ bytes }) => bytes.toString())).toEqual(ENTRIES.map(contentOf));
    }
  });

  it('are made for tokens of one length', () => {
    const lengths = Array.from({ length: 1_000 }, () => Buffer.byteLength(newToken()));
    expect(new Set(lengths)).toEqual(new Set([TOKEN_BYTES]));
  });
});

const contentOf = (entry: CacheEntry) => JSON.stringify(entry);
const loader = (entry: CacheEntry) => async () => Buffer.from(contentOf(entry));

function claim(owners: Map<string, string>, key: string, owner: string): void {
  expect(owners.get(key) ?? owner).toBe(owner);
  owners.set(key, owner);
}

/** What Redis Cluster hashes: what stands between the first `{` and the next `}`. */
function hashTag(key: string): string {
  return key.slice(key.indexOf('{') + 1, key.indexOf('}'));
}
