import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cache } from '../../../db/cache/open.ts';
import { newTruth, numberIn, openProcesses, untilConnected } from './processes.ts';
import { openPrivateRedis, type PrivateRedis } from './private-redis.ts';

const entry = { companyId: 'padaria', name: 'page' };

describe('P5: when Redis is away', () => {
  let redis: PrivateRedis;
  beforeAll(async () => void (redis = await openPrivateRedis()));
  afterAll(() => redis.close());

  const openTwo = async () =>
    (await openProcesses(2, { url: redis.url, answerMsMax: 250 })) as [Cache, Cache];

  // Red when a reader believes Redis although an earlier command got no answer. Redis that stood
  // still serves the reader's commands first, since those were there before the writer's.
  it('and stands still, no page from before hides a commit of that time', async () => {
    const [writing, reading] = await openTwo();
    const truth = newTruth();
    await reading.read(entry, truth.load);
    await redis.signal('SIGSTOP');
    const early = reading.read(entry, truth.load);
    await commit(writing, truth);
    const late = reading.read(entry, truth.load);
    await redis.signal('SIGCONT');

    expect(numberIn(await late)).toBe(1);
    await early;
    expect(await readUntilCached({ writing, reading, truth })).toEqual([]);
  });

  // Red when a Company that was not told of a commit is not told later.
  it('and all connections break, no page from before hides a commit of that time', async () => {
    const [writing, reading] = await openTwo();
    const truth = newTruth();
    await reading.read(entry, truth.load);
    await breakConnections(redis);
    await commit(writing, truth);
    await untilConnected(writing);
    await untilConnected(reading);
    expect(numberIn(await reading.read(entry, truth.load))).toBe(1);
  });

  // Red without `lift`. Without distrust it was seen red only now and then: it is a race.
  it('and is killed and started again, each read shows the last commit', async () => {
    const [writing, reading] = await openTwo();
    const truth = newTruth();
    await reading.read(entry, truth.load);
    await redis.signal('SIGKILL');
    const stale: string[] = [];
    for (let round = 0; round < 50; round += 1) stale.push(...(await playRound()));
    await redis.restart();
    expect(await readUntilCached({ writing, reading, truth })).toEqual([]);
    expect(stale).toEqual([]);

    async function playRound(): Promise<string[]> {
      await commit(writing, truth);
      const seen = numberIn(await reading.read(entry, truth.load));
      return seen === truth.committed ? [] : [`${seen}, not ${truth.committed}`];
    }
  });

  // Red when readers ask it again and again: each would wait for the timeout.
  it('P8: and stands still, a read takes as long as MySQL after the first one', async () => {
    const [reading] = await openTwo();
    const { load } = newTruth();
    await redis.signal('SIGSTOP');
    const firstMs = await msOf(() => reading.read(entry, load));
    const nextMs = await msOf(() =>
      Promise.all(Array.from({ length: 200 }, () => reading.read(entry, load))),
    );
    await redis.signal('SIGCONT');

    expect(firstMs).toBeLessThan(1_000);
    expect(nextMs).toBeLessThan(200);
  });
});

type Truth = ReturnType<typeof newTruth>;

async function commit(cache: Cache, truth: Truth): Promise<void> {
  const fence = await cache.fence([entry]);
  truth.committed += 1;
  await fence.lift();
}

/** Writes and reads in turn until pages come from the cache again; what it saw that was old. */
async function readUntilCached(game: {
  writing: Cache;
  reading: Cache;
  truth: Truth;
}): Promise<string[]> {
  const { writing, reading, truth } = game;
  const stale: string[] = [];
  for (let cached = 0; cached < 50;) {
    await commit(writing, truth);
    for (let look = 0; look < 2; look += 1) {
      const found = await reading.read(entry, truth.load);
      const seen = numberIn(found);
      if (seen !== truth.committed) stale.push(`${seen}, not ${truth.committed}, of ${found.from}`);
      if (found.from !== 'load') cached += 1;
    }
    await pause(1);
  }
  return stale;
}

async function breakConnections({ url }: PrivateRedis): Promise<void> {
  const client = new Redis(url);
  await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  client.disconnect();
}

async function msOf(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
