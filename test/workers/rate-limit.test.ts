import { expect, it, vi } from 'vitest';
import { eventually } from '../house.ts';
import { openBench } from './bench.ts';

vi.mock(import('../../queues/cache-warm.ts'), async (load) => {
  const { cacheWarm } = await load();
  return { cacheWarm: { ...cacheWarm, rateLimit: { jobsMax: 10, perMs: 400 } } };
});

it('starts no more jobs in a time than the contract allows, however many Fleets there are', async () => {
  const bench = openBench();
  const startedAt: number[] = [];
  const readRecentPage = async () => void startedAt.push(performance.now());
  for (let fleets = 0; fleets < 2; fleets += 1) bench.openFleet({ readRecentPage });
  const conversations = Array.from({ length: 35 }, (_, nth) => `pedido-${nth}`);

  await bench.foreignQueue('cache-warm').addBulk(
    conversations.map((conversationId) => {
      return { name: 'from-python', data: { companyId: 'padaria', conversationId } };
    }),
  );

  await eventually(
    async () => startedAt.length,
    (count) => count === 35,
  );
  const [first = 0] = startedAt;
  // 10 at once, 10 after 400 ms, 10 after 800 ms, the rest after 1,200 ms.
  for (const [nth, at] of startedAt.entries()) {
    expect(at - first).toBeGreaterThan(Math.floor(nth / 10) * 400 - 100);
  }
  expect(bench.outcomes()).toEqual(conversations.map(() => 'done'));
});
