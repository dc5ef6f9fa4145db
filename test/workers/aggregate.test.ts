import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { MessageStats } from '../../domain/stats.ts';
import { aggregateUsage } from '../../workers/aggregate.ts';
import { openAskingConnection } from '../../queues/connection.ts';
import { openEnqueuer } from '../../queues/enqueue.ts';
import { persistMessages } from '../../workers/persist.ts';
import { aMessage, eventually, openTestHouse, type TestHouse } from '../house.ts';
import { openBench } from './bench.ts';

const signal = AbortSignal.timeout(600_000);
const TODAY = { days: 1, timeZone: 'UTC', by: 'day' } as const;

describe('aggregate', () => {
  let house: TestHouse;
  beforeAll(async () => void (house = await openTestHouse({ COUNT_AFTER_SECONDS: '1' })));
  afterAll(() => house.close());

  const statsOf = (companyId: string) =>
    house.wiring.getMessageStats({ ...TODAY, companyId, days: 2 });

  it('shows in the statistics what was stored, by itself', async () => {
    await house.runFleet();
    const message = recent('padaria');
    await persistMessages({ messages: [message] }, house.wiring.deps, signal);
    const stats = await eventually(
      // Past the cache, whose entries live longer than the test.
      () => freshStats(house, 'padaria'),
      ({ messages }) => messages.user === 1,
    );
    expect(stats).toMatchObject({ conversationsActive: 1, conversationsOpened: 1, clients: 1 });
  });

  // Red when the count is asked for of new messages only.
  it('counts again what a worker stored that died before it asked for the count', async () => {
    const message = recent('clinica');
    const dying = { ...house.wiring.deps, countLater: () => Promise.reject(new Error('killed')) };
    await expect(persistMessages({ messages: [message] }, dying, signal)).rejects.toThrow('killed');

    // Its job is taken over: the message is a duplicate now.
    await persistMessages({ messages: [message] }, house.wiring.deps, signal);
    await eventually(
      () => freshStats(house, 'clinica'),
      ({ messages }) => messages.user === 1,
    );
  });

  it('has the days counted on which Usage and Ledger differ', async () => {
    const message = aMessage({ companyId: 'livraria' });
    await house.wiring.deps.storeMessages([message], signal);
    const asked: unknown[] = [];
    const deps = {
      ...house.wiring.deps,
      recountLater: (wanted: { companyId: string }) => Promise.resolve(void asked.push(wanted)),
    };
    await aggregateUsage({ due: 'usage' }, deps, signal);
    expect(asked).toContainEqual({
      companyId: 'livraria',
      span: { from: '2026-03-01T00:00:00.000Z', to: '2026-03-02T00:00:00.000Z' },
    });
  });

  it('asks for no more of them once it is told to end', async () => {
    const told = new AbortController();
    const span = { from: '2026-03-01T00:00:00.000Z', to: '2026-03-02T00:00:00.000Z' };
    let asked = 0;
    const deps = {
      ...house.wiring.deps,
      async *findUncounted() {
        yield { companyId: 'livraria', span };
        yield { companyId: 'padaria', span };
      },
      async recountLater() {
        asked += 1;
        told.abort();
      },
    };
    await expect(aggregateUsage({ due: 'usage' }, deps, told.signal)).rejects.toThrow('aborted');
    expect(asked).toBe(1);
  });

  // Red without the priority of what is patient.
  it("counts today's messages before the work of the night", async () => {
    const bench = openBench();
    const connection = openAskingConnection(inject('serverUrls').QUEUE_REDIS_URL);
    const { enqueue, close } = openEnqueuer(connection, bench.prefix);
    const span = { from: '2026-03-01T00:00:00.000Z', to: '2026-03-01T00:05:00.000Z' };
    await enqueue('aggregate', { companyId: 'night-1', ...span });
    await enqueue('aggregate', { companyId: 'night-2', days: 28, timeZone: 'UTC' });
    await enqueue('aggregate', { companyId: 'today', ...span, dueAtMs: 1 });
    await close();
    connection.disconnect();

    const seen: string[] = [];
    bench.openFleet({
      recount: ({ companyId }) => Promise.resolve({ conversations: seen.push(companyId) }),
      keepPatterns: ({ companyId }) => Promise.resolve(void seen.push(companyId)),
    });
    await eventually(
      () => Promise.resolve(seen),
      ({ length }) => length === 3,
    );
    expect(seen).toEqual(['today', 'night-1', 'night-2']);
  });

  // Red with one place, and without turns.
  it("counts today's messages while patterns are looked for, and others wait for it", async () => {
    const bench = openBench();
    const connection = openAskingConnection(inject('serverUrls').QUEUE_REDIS_URL);
    const { enqueue, close } = openEnqueuer(connection, bench.prefix);
    const isFound = Promise.withResolvers<void>();
    const seen: string[] = [];
    bench.openFleet({
      recount: ({ companyId }) => Promise.resolve({ conversations: seen.push(companyId) }),
      keepPatterns: ({ companyId }) => isFound.promise.then(() => void seen.push(companyId)),
    });
    for (const companyId of ['night-1', 'night-2', 'night-3']) {
      await enqueue('aggregate', { companyId, days: 28, timeZone: 'UTC' });
    }
    await eventually(
      () => Promise.resolve(bench.outcomes()),
      (outcomes) => outcomes.includes('delayed'),
    );
    const span = { from: '2026-03-01T00:00:00.000Z', to: '2026-03-01T00:05:00.000Z' };
    await enqueue('aggregate', { companyId: 'today', ...span, dueAtMs: 1 });
    await close();
    connection.disconnect();
    await eventually(
      () => Promise.resolve(seen),
      (now) => now.includes('today'),
    );
    isFound.resolve();
    await eventually(
      () => Promise.resolve(seen),
      ({ length }) => length === 4,
    );
    expect(seen.slice(0, 2)).toEqual(['today', 'night-1']);
    expect(bench.outcomes()).not.toContain('retried');
  });

  it('says nothing of a company that nobody knows', async () => {
    expect(await statsOf('ninguém')).toMatchObject({
      messages: { user: 0, bot: 0, agent: 0, system: 0 },
      clients: 0,
      waits: { count: 0, p50: null },
    });
  });
});

const recent = (companyId: string) => aMessage({ companyId, createdAt: new Date().toISOString() });

async function freshStats(house: TestHouse, companyId: string): Promise<MessageStats> {
  await house.wiring.invalidateCompanyCache(companyId);
  return house.wiring.getMessageStats({ ...TODAY, companyId, days: 2 });
}
