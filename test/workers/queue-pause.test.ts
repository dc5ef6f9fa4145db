import { expect, it, vi } from 'vitest';
import { PipelineError } from '../../domain/errors.ts';
import { aMessage, eventually } from '../house.ts';
import { type Bench, openBench } from './bench.ts';

// One queue with a limit to its rate, far above what is done here, and one without.
vi.mock(import('../../queues/cache-warm.ts'), async (load) => {
  const { cacheWarm } = await load();
  const rateLimit = { jobsMax: 1_000, perMs: 1_000 };
  return { cacheWarm: { ...cacheWarm, attemptsMax: 1, concurrency: 2, rateLimit } };
});

const PAUSE_MS = 1_500;
const FLEETS = 2;
const JOBS_AT_ONCE = FLEETS * 2;

const warmOne = { companyId: 'padaria', conversationId: 'pedido-1' };

const outcomesOf = (bench: Bench, count: number) =>
  eventually(
    async () => bench.outcomes(),
    (outcomes) => outcomes.length >= count,
  );

/** What a server says that must not be asked for a while. */
const busy = (queueAfterMs: number) =>
  new PipelineError('SUMMARIZER_BUSY', 'not now', { retry: { queueAfterMs } });

it('slows the whole queue, in all Fleets, and counts that as no attempt', async () => {
  const bench = openBench();
  const startedAt: number[] = [];
  let pauseEndsAt = 0;
  const readRecentPage = async () => {
    const now = performance.now();
    startedAt.push(now);
    pauseEndsAt ||= now + PAUSE_MS;
    if (now < pauseEndsAt) throw busy(Math.ceil(pauseEndsAt - now));
  };
  for (let fleets = 0; fleets < FLEETS; fleets += 1) bench.openFleet({ readRecentPage });
  const queue = bench.foreignQueue('cache-warm');

  await queue.addBulk(
    Array.from({ length: 20 }, (_, nth) => {
      return { name: 'from-python', data: { companyId: 'padaria', conversationId: `c-${nth}` } };
    }),
  );

  await eventually(
    async () => bench.outcomes().filter((outcome) => outcome === 'done'),
    (done) => done.length === 20,
  );
  // Those that had started when the first one was refused are refused, too; no other one starts.
  const early = startedAt.filter((at) => at < pauseEndsAt - 50);
  expect(early.length).toBeLessThanOrEqual(JOBS_AT_ONCE);
  const refused = bench.outcomes().filter((outcome) => outcome !== 'done');
  expect(refused).toEqual(early.map(() => 'delayed'));
  // With one attempt allowed, one that counted would have been the last.
  const jobs = await queue.getJobs(['completed']);
  expect(jobs.map(({ attemptsMade }) => attemptsMade)).toEqual(jobs.map(() => 1));
  expect(await bench.inspector.counts('cache-warm')).toMatchObject({ dead: 0, waiting: 0 });
});

it('lets the other queues go on meanwhile', async () => {
  const bench = openBench();
  bench.openFleet({ readRecentPage: () => Promise.reject(busy(60_000)) });
  await bench.foreignQueue('cache-warm').add('from-python', warmOne);
  await outcomesOf(bench, 1);

  await bench.foreignQueue('persist').add('from-python', { messages: [aMessage()] });

  await outcomesOf(bench, 2);
  expect(bench.events).toMatchObject([
    { queue: 'cache-warm', outcome: 'delayed' },
    { queue: 'persist', outcome: 'done' },
  ]);
  expect(await bench.inspector.counts('cache-warm')).toMatchObject({ waiting: 1, dead: 0 });
  // So that nobody takes the Fleet for stuck.
  expect(await bench.inspector.isHeldBack('cache-warm')).toBe(true);
  expect(await bench.inspector.isHeldBack('persist')).toBe(false);
});

it('delays the job alone where the contract of its queue has no rate limit', async () => {
  const bench = openBench();
  let refusals = 0;
  bench.openFleet({
    async storeMessages(messages) {
      if ((refusals += 1) <= 3) throw busy(30);
      return messages.map(() => ({ outcome: 'duplicate' }));
    },
  });

  await bench.foreignQueue('persist').add('from-python', { messages: [aMessage()] });

  await outcomesOf(bench, 4);
  expect(bench.outcomes()).toEqual(['delayed', 'delayed', 'delayed', 'done']);
});
