import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { knowSchedules } from '../../db/schedule-runs.ts';
import { PipelineError } from '../../domain/errors.ts';
import { openQueues } from '../../queues/open-queues.ts';
import { openAskingConnection } from '../../queues/connection.ts';
import { openScheduler } from '../../queues/scheduler.ts';
import { eventually, openTestHouse, type TestHouse } from '../house.ts';
import { openBench } from './bench.ts';

// What a Fleet plans by itself here is not due within a test's life.
vi.mock(import('../../queues/schedule.ts'), async (load) => {
  const real = await load();
  const yearly = { pattern: '0 0 1 1 *', summary: 'of a test' };
  return {
    ...real,
    SCHEDULE: {
      archive: { ...real.SCHEDULE.archive, ...yearly },
      'clean-cache': { ...real.SCHEDULE['clean-cache'], ...yearly },
    } as unknown as typeof real.SCHEDULE,
  };
});

let house: TestHouse;
beforeAll(async () => void (house = await openTestHouse()));
afterAll(() => house.close());

const recordOf = async (name: string) =>
  (await house.wiring.schedule.read()).find((record) => record.name === name);

const TWO_YEARS_MS = 2 * 366 * 24 * 3_600_000;

/** As it is when no Fleet was there for two years. */
const missTwo = (name: string) => knowSchedules(house.db, [name], Date.now() - TWO_YEARS_MS);

const untilIdle = () =>
  eventually(
    async () => {
      const { inspector } = house.wiring.queue;
      return [await inspector.counts('archive-batch'), await inspector.counts('cache-warm')];
    },
    (counts) => counts.every(({ waiting, active }) => waiting + active === 0),
  );

describe('a Fleet', () => {
  it('makes up for what was missed, once, however often and by however many it was missed', async () => {
    await missTwo('archive');
    const [year] = new Date().toISOString().split('-');
    const first = Date.parse(`${Number(year) - 1}-01-01T00:00:00Z`);

    const fleets = await Promise.all([house.runFleet(), house.runFleet()]);
    const done = await eventually(
      () => recordOf('archive'),
      (record) => record?.last?.outcome === 'done',
    );
    expect(done).toMatchObject({ last: { dueAt: first }, runs: 1, skipped: 0 });

    for (const fleet of fleets) await fleet.stop();
    await house.runFleet();
    await untilIdle();
    expect(await house.wiring.schedule.keep()).toEqual([]);
    expect((await recordOf('archive'))?.runs).toBe(1);
    // What nobody had ever planned before has missed nothing.
    expect(await recordOf('clean-cache')).toMatchObject({ last: null, runs: 0 });
  });

  it('does not make up for it in a paused entry, nor when that goes on', async () => {
    const { schedule } = house.wiring;
    await house.db.deleteFrom('schedule_runs').execute();
    await missTwo('clean-cache');
    await schedule.pause('clean-cache');
    expect(await schedule.keep()).toEqual([]);

    await schedule.resume('clean-cache');
    expect(await schedule.keep()).toEqual([]);
    expect(await recordOf('clean-cache')).toMatchObject({ last: null, runs: 0 });
  });

  it('runs what it is asked for, and says what became of it', async () => {
    await house.runFleet();
    const dueAt = Date.now() + 1;
    expect(await house.wiring.schedule.ask({ name: 'clean-cache', dueAt })).toBe(true);

    const record = await eventually(
      () => recordOf('clean-cache'),
      (found) => found?.last?.outcome === 'done',
    );
    expect(record?.last?.dueAt).toBe(dueAt);
    expect(record?.lastDoneAt).toBe(record?.last?.endedAt);
  });
});

/** The jobs are BullMQ's own; the rows lie in the house's MySQL. */
function openTicking(name: string) {
  const bench = openBench();
  const connection = openAskingConnection(house.config.queueRedisUrl);
  const queues = openQueues(connection, bench.prefix);
  const entry = { queue: 'cache-warm', payload: { clean: true }, summary: 'ticks' } as const;
  const schedule = { [name]: { ...entry, pattern: '* * * * * *' } };
  const scheduler = openScheduler({ queues, schedule, timeZone: 'UTC' });
  return {
    bench,
    plan: scheduler.plan,
    openFleet: (cleanCache: (signal: AbortSignal) => Promise<{ dropped: number }>) =>
      bench.openFleet({ cleanCache }, house.wiring.schedule.holdRun),
    async end(): Promise<void> {
      await openScheduler({ queues, schedule: {}, timeZone: 'UTC' }).plan();
      await queues.close();
      connection.disconnect();
    },
  };
}

describe('two Fleets, and an entry that is due every second', () => {
  it('run it one at a time, though it takes longer than a second, and skip what is due meanwhile', async () => {
    const { bench, openFleet, plan, end } = openTicking('slow-tick');
    let now = 0;
    let most = 0;
    const cleanCache = async () => {
      now += 1;
      most = Math.max(most, now);
      await pause(2_500);
      now -= 1;
      return { dropped: 0 };
    };
    openFleet(cleanCache);
    openFleet(cleanCache);
    await plan();

    const record = await eventually(
      () => recordOf('slow-tick'),
      (found) => (found?.runs ?? 0) >= 3,
      30_000,
    );
    await end();
    expect(most).toBe(1);
    expect(record?.skipped).toBeGreaterThanOrEqual(2);
    const skips = bench.lines.filter((line) => line.includes('run skipped'));
    expect(skips.some((line) => line.includes('"verdict":"overlapping"'))).toBe(true);
  });

  it('try a run again that failed, and go on with the next ones', async () => {
    const { openFleet, plan, end } = openTicking('failing-tick');
    const faults = [new PipelineError('BUSY', 'not now', { retry: { afterMs: 10 } })];
    const cleanCache = async () => {
      const fault = faults.shift();
      if (fault) throw fault;
      return { dropped: 0 };
    };
    openFleet(cleanCache);
    openFleet(cleanCache);
    await plan();

    const record = await eventually(
      () => recordOf('failing-tick'),
      (found) => (found?.runs ?? 0) >= 3 && found?.last?.outcome === 'done',
    );
    await end();
    expect(faults).toEqual([]);
    expect(record?.last?.reason).toBeNull();
  });
});
