import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { openCleaning } from '../../../db/cache/cleaning.ts';
import { openConnection } from '../../../db/cache/connection.ts';
import { cacheKeys } from '../../../db/cache/keys.ts';
import type { Cache } from '../../../db/cache/open.ts';
import { defineCacheScripts } from '../../../db/cache/scripts.ts';
import { eventually } from '../../house.ts';
import { openProcesses } from './processes.ts';

const signal = AbortSignal.timeout(600_000);
const PAGE = Buffer.from('[]');
const PAGE_TTL_S = 300;

async function openHouse() {
  const prefix = `test-${randomBytes(6).toString('hex')}`;
  const [cache, other] = (await openProcesses(2, { prefix })) as [Cache, Cache];
  const redis = new Redis(inject('serverUrls').CACHE_REDIS_URL);
  onTestFinished(() => redis.disconnect());
  const keys = cacheKeys(prefix);

  return {
    prefix,
    cache,
    other,
    redis,
    keys,
    entryOf: (companyId: string) => ({ companyId, name: 'recent a' }),
    /** As if nobody had touched it for so long. */
    async age(key: string, idleS: number): Promise<void> {
      const value = await redis.dumpBuffer(key);
      await redis.call('RESTORE', key, '0', value, 'REPLACE', 'IDLETIME', String(idleS));
    },
  };
}

describe('cleaning the cache', () => {
  it('drops the epochs of Companies whose pages are gone for good, and nothing else', async () => {
    const { cache, redis, keys, entryOf, age } = await openHouse();
    for (const companyId of ['gone', 'read', 'a:b}*']) {
      await cache.read(entryOf(companyId), async () => PAGE);
    }
    await age(keys.epochOf('gone'), PAGE_TTL_S + 1);
    await age(keys.epochOf('a:b}*'), PAGE_TTL_S + 1);
    await age(keys.epochOf('read'), PAGE_TTL_S - 30);
    await age(keys.of(entryOf('gone')).page, PAGE_TTL_S + 1); // No epoch: it goes by itself.

    expect(await cache.clean(signal)).toEqual({ dropped: 2 });

    const { page } = keys.of(entryOf('gone'));
    const left = [keys.epochOf('gone'), keys.epochOf('a:b}*'), keys.epochOf('read'), page];
    expect(await Promise.all(left.map((key) => redis.exists(key)))).toEqual([0, 0, 1, 1]);
    expect((await cache.read(entryOf('read'), async () => PAGE)).from).toBe('l1');
    expect(await cache.clean(signal)).toEqual({ dropped: 0 });
  });

  it('P5: makes pages of an epoch in use be loaded anew, and shows none from before', async () => {
    const { cache, other, prefix, keys, entryOf, redis } = await openHouse();
    const entry = entryOf('busy');
    const first = { value: 1 };
    const load = async () => Buffer.from(JSON.stringify(first.value));
    await cache.read(entry, load);
    await eventually(
      () => other.read(entry, load),
      ({ from }) => from === 'l1',
    );

    const connection = openConnection(inject('serverUrls').CACHE_REDIS_URL);
    onTestFinished(connection.close);
    const parts = { connection, keys, scripts: defineCacheScripts(connection.redis) };
    const { dropped } = await openCleaning(parts, 0).clean(signal);
    expect(dropped).toBeGreaterThanOrEqual(1); // And whatever else there was.
    expect(await redis.exists(cacheKeys(prefix).epochOf('busy'))).toBe(0);

    first.value = 2;
    for (const process of [cache, other]) {
      expect((await process.read(entry, load)).bytes.toString()).toBe('2');
    }
    expect((await cache.read(entry, load)).from).toBe('l1');
  });

  it('P5: refuses the fill of a reader whose epoch was dropped meanwhile', async () => {
    const { cache, redis, keys, entryOf } = await openHouse();
    const entry = entryOf('slow');
    await cache.read(entry, async () => {
      await redis.del(keys.epochOf('slow'));
      return Buffer.from('old');
    });

    const { bytes, from } = await cache.read(entry, async () => Buffer.from('new'));
    expect({ text: bytes.toString(), from }).toEqual({ text: 'new', from: 'load' });
  });

  it('goes on where it was told to end, and leaves other installations alone', async () => {
    const { cache, redis, keys, entryOf, age } = await openHouse();
    const stranger = await openHouse();
    await cache.read(entryOf('gone'), async () => PAGE);
    await age(keys.epochOf('gone'), PAGE_TTL_S + 1);

    expect(await cache.clean(AbortSignal.abort())).toEqual({ dropped: 0 });
    expect(await stranger.cache.clean(signal)).toEqual({ dropped: 0 });
    expect(await redis.exists(keys.epochOf('gone'))).toBe(1);
    expect(await cache.clean(signal)).toEqual({ dropped: 1 });
  });
});
