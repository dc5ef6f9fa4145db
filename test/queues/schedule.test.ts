import { randomBytes } from 'node:crypto';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import type { RunRecord } from '../../domain/schedule.ts';
import { openAskingConnection, untilReady } from '../../queues/connection.ts';
import { contractOf, type QueueName, queuePrefixOf } from '../../queues/index.ts';
import { type OpenQueue, type OpenQueues, openQueues } from '../../queues/open-queues.ts';
import { jobIdsOf, runOf, SCHEDULE, type Schedule } from '../../queues/schedule.ts';
import { openScheduler } from '../../queues/scheduler.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const clean = { queue: 'cache-warm', payload: { clean: true }, summary: 'cleans' } as const;
const yearly = { ...clean, pattern: '0 0 1 1 *' };

/** Queues of a test's own, and as many processes that plan them as it likes. */
function openPlanners() {
  const prefix = queuePrefixOf(`schedule_${randomBytes(6).toString('hex')}`);

  function openConnected(): OpenQueues {
    const connection = openAskingConnection(inject('serverUrls').QUEUE_REDIS_URL);
    const queues = openQueues(connection, prefix);
    onTestFinished(async () => {
      await queues.close();
      connection.disconnect();
    });
    return queues;
  }

  const looking = openConnected();
  return {
    openProcess: (schedule: Schedule, timeZone = 'UTC') =>
      openScheduler({ queues: openConnected(), schedule, timeZone }),
    queue: (name: QueueName) => looking.get(name),
    async planned(name: QueueName) {
      const found = await (await looking.get(name)).getJobSchedulers();
      return found.map(({ key, pattern, tz }) => ({ key, pattern, tz }));
    },
    async delayed(name: QueueName) {
      return (await (await looking.get(name)).getDelayed()).map(({ id, data }) => ({ id, data }));
    },
  };
}

describe('a schedule', () => {
  it('is planned once by three processes that start at once', async () => {
    const planners = openPlanners();
    const processes = [1, 2, 3].map(() => planners.openProcess(SCHEDULE));

    await Promise.all(processes.map((one) => one.plan()));

    for (const [name, { queue, pattern, payload }] of Object.entries(SCHEDULE)) {
      const own = (await planners.planned(queue)).filter(({ key }) => key === name);
      expect(own).toEqual([{ key: name, pattern, tz: 'UTC' }]);
      const jobs = await planners.delayed(queue);
      const ofEntry = jobs.filter(({ id }) => runOf(id)?.name === name);
      expect(ofEntry.map(({ data }) => data as unknown)).toEqual([payload]);
    }
  });

  it('has only payloads that their queues take, and names that job ids can hold', () => {
    for (const [name, { queue, payload }] of Object.entries(SCHEDULE)) {
      expect(contractOf(queue).payload.safeParse(payload).success).toBe(true);
      const run = { name, dueAt: 1_800_000_000_000 };
      for (const id of Object.values(jobIdsOf(run))) expect(runOf(id)).toEqual(run);
    }
  });

  it('is not touched where it is planned as it should be', async () => {
    const planners = openPlanners();
    const scheduler = planners.openProcess({ yearly });
    await scheduler.plan();
    const queue = await planners.queue('cache-warm');
    const [before] = await queue.getDelayed();

    await scheduler.plan();

    const [after] = await queue.getDelayed();
    expect(after?.timestamp).toBe(before?.timestamp);
    // By a job planned for another payload it would be seen that this one was.
    await planners.openProcess({ yearly: { ...yearly, payload: { companyId: 'acme' } } }).plan();
    expect(await planners.delayed('cache-warm')).toEqual([
      { id: before?.id, data: { companyId: 'acme' } },
    ]);
  });

  it('takes the place of an older one: what it lacks is removed, what it changes is replaced', async () => {
    const planners = openPlanners();
    const daily = { ...clean, pattern: '0 5 * * *' };
    await planners.openProcess({ yearly, daily }).plan();

    await planners
      .openProcess({ daily: { ...daily, pattern: '0 6 * * *' } }, 'Europe/Berlin')
      .plan();

    expect(await planners.planned('cache-warm')).toEqual([
      { key: 'daily', pattern: '0 6 * * *', tz: 'Europe/Berlin' },
    ]);
    const [job, ...others] = await planners.delayed('cache-warm');
    expect(others).toEqual([]);
    expect(runOf(job?.id)?.name).toBe('daily');
  });

  it('moves an entry to another queue', async () => {
    const planners = openPlanners();
    await planners.openProcess({ yearly }).plan();

    await planners
      .openProcess({ yearly: { ...yearly, queue: 'archive-batch', payload: {} } })
      .plan();

    expect(await planners.planned('cache-warm')).toEqual([]);
    expect(await planners.delayed('cache-warm')).toEqual([]);
    expect(await planners.delayed('archive-batch')).toHaveLength(1);
  });

  it.each(['America/Sao_Paulo', 'Europe/Berlin', 'UTC'])(
    'is due in the time zone %s when BullMQ makes its job',
    async (timeZone) => {
      const planners = openPlanners();
      const scheduler = planners.openProcess(
        { nightly: { ...clean, pattern: '0 2 * * *' } },
        timeZone,
      );
      const now = Date.now();
      await scheduler.plan();

      const [job] = await planners.delayed('cache-warm');
      const dueAt = scheduler.nextDueAt('nightly', now);
      expect(runOf(job?.id)).toEqual({ name: 'nightly', dueAt });
      const hour = new Intl.DateTimeFormat('en', { timeZone, hour: 'numeric', hourCycle: 'h23' });
      expect(Number(hour.format(dueAt))).toBeGreaterThanOrEqual(2);
      expect(Number(hour.format(dueAt))).toBeLessThanOrEqual(3); // In one night of the year.
    },
  );

  // BullMQ makes the next job when the last one starts: once that failed there is none for good.
  it('is planned again where its next job got lost', async () => {
    const planners = openPlanners();
    const scheduler = planners.openProcess({ yearly });
    await scheduler.plan();
    const queue = await planners.queue('cache-warm');
    const [job] = await queue.getDelayed();
    await removeFromRedis(queue, job?.id ?? '');
    expect(await planners.delayed('cache-warm')).toEqual([]);

    await scheduler.plan();

    expect(await planners.delayed('cache-warm')).toHaveLength(1);
  });
});

/** BullMQ refuses to remove the next job of a scheduler. */
async function removeFromRedis(queue: OpenQueue, jobId: string): Promise<void> {
  const redis = openAskingConnection(inject('serverUrls').QUEUE_REDIS_URL);
  await untilReady(redis);
  await redis.multi().zrem(queue.toKey('delayed'), jobId).del(queue.toKey(jobId)).exec();
  redis.disconnect();
}

const at = (text: string) => Date.parse(`2026-11-20T${text}Z`);

const recordOf = (given: Partial<RunRecord>): RunRecord => ({
  name: 'hourly',
  isPaused: false,
  settledAt: at('01:00:00'),
  last: null,
  lastDoneAt: null,
  runs: 0,
  skipped: 0,
  ...given,
});

describe('a missed run', () => {
  const hourly = { ...clean, pattern: '0 * * * *' };
  const missedOf = (given: Partial<RunRecord>, now: number) =>
    openPlanners()
      .openProcess({ hourly })
      .missed([recordOf(given)], now);

  it('is one, however many moments have passed', () => {
    const dueAt = at('02:00:00');
    expect(missedOf({}, at('05:30:00'))).toEqual([{ name: 'hourly', dueAt }]);
    expect(missedOf({ settledAt: at('05:00:01') }, at('05:30:00'))).toEqual([]);
  });

  it('is the last one, where its process was lost', () => {
    const last = { dueAt: at('01:00:00'), startedAt: at('01:00:00'), endedAt: null, reason: null };
    const given = { last: { ...last, outcome: 'interrupted' } } as const;
    expect(missedOf(given, at('01:05:00'))).toEqual([{ name: 'hourly', dueAt: last.dueAt }]);
    expect(missedOf({ ...given, isPaused: true }, at('01:05:00'))).toEqual([]);
  });

  it('is none while its job may still be on its way', () => {
    expect(missedOf({}, at('02:00:59'))).toEqual([]);
    expect(missedOf({}, at('02:01:00'))).toHaveLength(1);
  });

  it('is none of an entry that is paused, or that stands in the schedule no more', () => {
    expect(missedOf({ isPaused: true }, at('05:30:00'))).toEqual([]);
    expect(missedOf({ name: 'yearly' }, at('05:30:00'))).toEqual([]);
  });

  it('is asked for once, by whoever comes first, and not while its planned job is there', async () => {
    const planners = openPlanners();
    const [one, other] = [1, 2].map(() => planners.openProcess({ yearly }));
    const run = { name: 'yearly', dueAt: Date.now() - HOUR_MS };

    await Promise.all([one?.ask(run), other?.ask(run)]);
    expect(await other?.ask(run)).toBe(false);
    const queue = await planners.queue('cache-warm');
    expect((await queue.getWaiting()).map(({ id }) => runOf(id))).toEqual([run]);

    await one?.plan();
    const [planned] = await planners.delayed('cache-warm');
    expect(await one?.ask(runOf(planned?.id) ?? run)).toBe(false);
  });
});
