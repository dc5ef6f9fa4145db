import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { cacheKeys } from '../../../db/cache/keys.ts';
import type { Cache } from '../../../db/cache/open.ts';
import { eventually } from '../../house.ts';
import { newTruth, numberIn, openProcesses } from './processes.ts';

const entry = { companyId: 'padaria', name: 'page' };

describe('a write fence', () => {
  afterEach(() => void vi.useRealTimers());

  it('tells which of its entries somebody had cached', async () => {
    const [cache] = (await openProcesses(1)) as [Cache];
    await cache.read(entry, newTruth().load);
    const other = { companyId: 'clinica', name: 'page' };
    const { cached } = await cache.fence([other, entry]);
    expect([...cached]).toEqual([entry]);
  });

  // Red when `lease` does not look whether writers are under way.
  it('P5: of a writer that died keeps readers out of the cache, so they see all', async () => {
    const [dying, living] = (await openProcesses(2)) as [Cache, Cache];
    const truth = newTruth();
    await living.read(entry, truth.load);
    await dying.fence([entry]);
    dying.close();

    for (let commit = 1; commit <= 20; commit += 1) {
      truth.committed = commit;
      const found = await living.read(entry, truth.load);
      expect({ seen: numberIn(found), from: found.from }).toEqual({ seen: commit, from: 'load' });
    }
  });

  // Red when `lift` ends all writers under way, not only its own.
  it('P5: stands although another writer of the same page lifts its own', async () => {
    const [cache] = (await openProcesses(1)) as [Cache];
    const { load } = newTruth();
    const [first, second] = [await cache.fence([entry]), await cache.fence([entry])];
    await first.lift();
    await cache.read(entry, load);
    expect((await cache.read(entry, load)).from).toBe('load');

    await second.lift();
    await cache.read(entry, load);
    expect((await cache.read(entry, load)).from).toBe('l1');
  });

  // Red without a deadline in `raise`, or when `lease` does not strike out who is past it.
  it('of a writer that died falls after 10 seconds', async () => {
    const { redis, keys, cache } = await openWithKeys();
    await cache.fence([entry]);
    const { writers } = keys.of(entry);
    const [token = ''] = await redis.zrange(writers, '0', '-1');
    const deadline = await redis.zscore(writers, token);
    const leftMs = Number(deadline) - Date.now();
    expect(leftMs).toBeGreaterThan(5_000);
    expect(leftMs).toBeLessThanOrEqual(10_000);
    expect(await redis.pttl(writers)).toBeLessThanOrEqual(10_000);

    await redis.zadd(writers, '1', token); // As if they were over.
    const { load } = newTruth();
    await cache.read(entry, load);
    expect((await cache.read(entry, load)).from).toBe('l1');
  });

  // Red without the renewal.
  it('P5: stands for as long as MySQL keeps its writer waiting', async () => {
    const { redis, keys, cache } = await openWithKeys();
    const { writers } = keys.of(entry);
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const fence = await cache.fence([entry]);

    await redis.del(writers); // As if its deadline were over.
    await vi.advanceTimersByTimeAsync(3_000);
    await eventually(
      () => redis.zcard(writers),
      (count) => count === 1,
    );

    await redis.del(writers);
    vi.advanceTimersByTime(3_000); // A renewal is on its way now.
    await fence.lift();
    expect(await redis.zcard(writers)).toBe(0);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await redis.zcard(writers)).toBe(0);
  });

  it('is raised around more entries than one script takes', async () => {
    const [cache] = (await openProcesses(1)) as [Cache];
    const truth = newTruth();
    const entries = Array.from({ length: 450 }, (_, no) => ({ ...entry, name: `page ${no}` }));
    await Promise.all(entries.map((one) => cache.read(one, truth.load)));

    const fence = await cache.fence(entries);
    expect(fence.cached.size).toBe(450);
    truth.committed = 1;
    await fence.lift();
    const found = await Promise.all(entries.map((one) => cache.read(one, truth.load)));
    expect(new Set(found.map(numberIn))).toEqual(new Set([1]));
  });
});

async function openWithKeys() {
  const prefix = `test-${randomBytes(6).toString('hex')}`;
  const [cache] = (await openProcesses(1, { prefix })) as [Cache];
  const redis = new Redis(inject('serverUrls').CACHE_REDIS_URL);
  onTestFinished(() => redis.disconnect());
  return { cache, redis, keys: cacheKeys(prefix) };
}
