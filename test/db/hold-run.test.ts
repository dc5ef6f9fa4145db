import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openDatabase } from '../../db/database.ts';
import { holdRun, type RunWork } from '../../db/hold-run.ts';
import { pauseSchedule, readRunRecords, resumeSchedule } from '../../db/schedule-runs.ts';
import { PipelineError } from '../../domain/errors.ts';
import { eventually, openTestHouse, type TestHouse } from '../house.ts';

let house: TestHouse;
beforeAll(async () => void (house = await openTestHouse()));
afterAll(() => house.close());
afterEach(() => void vi.useRealTimers());

/** Later than every clock says: so nothing that a test does settles it by the way. */
const FIRST = Date.parse('2031-01-01T00:00:00Z');
const SECOND = FIRST + 60_000;
const THIRD = FIRST + 120_000;
const RENEWAL_MS = 5_000;

const recordOf = async (name: string) =>
  (await readRunRecords(house.db)).find((record) => record.name === name);

/** In a process of its own, as far as MySQL can tell. */
function hold(name: string, dueAt: number, given: Partial<RunWork> = {}) {
  return holdRun(
    house.db,
    { name, dueAt },
    {
      work: async () => {},
      signal: new AbortController().signal,
      isRetried: () => false,
      ...given,
    },
  );
}

/** A run that goes on until it is told to end. */
async function holdOn(name: string, dueAt: number, given: Partial<RunWork> = {}) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const started = Promise.withResolvers<AbortSignal>();
  const ended = hold(name, dueAt, {
    ...given,
    work: async (signal) => {
      started.resolve(signal);
      await promise;
      signal.throwIfAborted();
    },
  });
  ended.catch(() => {}); // Whoever waits for it sees it.
  return { signal: await started.promise, end: resolve, ended };
}

/** As it is when nothing was heard of its process for fifteen seconds. */
const forget = (name: string) =>
  house.db
    .updateTable('schedule_runs')
    .set({ lease_until: '2026-01-01 00:00:00.000' })
    .where('name', '=', name)
    .execute();

async function failForNow(): Promise<never> {
  throw new PipelineError('COLD_UNREACHABLE', 'the archive is away', { retry: 'backoff' });
}

const pauseEntry = (name: string) => pauseSchedule(house.db, name, Date.now());
const resume = (name: string) => resumeSchedule(house.db, name, Date.now());

/** Makes whoever writes a run's row wait until it is let go. */
async function lockRow(name: string): Promise<() => Promise<void>> {
  const { promise: isLetGo, resolve: letGo } = Promise.withResolvers<void>();
  const { promise: isLocked, resolve: locked } = Promise.withResolvers<void>();
  const occupant = house.db.transaction().execute(async (transaction) => {
    const row = transaction.selectFrom('schedule_runs').where('name', '=', name);
    await row.select('name').forUpdate().execute();
    locked();
    await isLetGo;
  });
  await isLocked;
  return async () => {
    letGo();
    await occupant;
  };
}

async function leaseOf(name: string) {
  const { lease_until: until } = await house.db
    .selectFrom('schedule_runs')
    .select('lease_until')
    .where('name', '=', name)
    .executeTakeFirstOrThrow();
  return until;
}

describe('a run of the schedule', () => {
  it('is done by one of ten processes that come at once', async () => {
    let works = 0;
    const work = async () => {
      works += 1;
      await pause(200);
    };
    const asked = Array.from({ length: 10 }, () => hold('ten', FIRST, { work }));
    const settled = await Promise.allSettled(asked);

    expect(works).toBe(1);
    const taken = settled.filter((one) => one.status === 'fulfilled' && one.value === 'taken');
    expect(taken).toHaveLength(1);
    // The others wait: should the first one die, one of them does it.
    const reasons = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(reasons.map((error: PipelineError) => error.code)).toEqual(
      Array.from({ length: 9 }, () => 'RUN_BUSY'),
    );
    expect(await hold('ten', FIRST)).toBe('settled');
    expect(await recordOf('ten')).toMatchObject({
      last: { dueAt: FIRST, outcome: 'done', reason: null },
      runs: 1,
      skipped: 0,
    });
  });

  it('does not begin while an earlier one is under way, and is not made up for', async () => {
    const earlier = await holdOn('long', FIRST);
    expect((await recordOf('long'))?.last).toMatchObject({ outcome: 'running', endedAt: null });

    expect(await hold('long', SECOND)).toBe('overlapping');
    expect(await hold('long', SECOND)).toBe('settled');

    earlier.end();
    expect(await earlier.ended).toBe('taken');
    expect(await hold('long', SECOND)).toBe('settled');
    expect(await hold('long', THIRD)).toBe('taken');
    expect(await recordOf('long')).toMatchObject({ runs: 2, skipped: 1 });
  });

  it('covers all that was due before it started', async () => {
    expect(await hold('late', SECOND)).toBe('taken');
    expect(await hold('late', FIRST)).toBe('settled');
    const past = Date.parse('2026-01-01T00:00:00Z');
    expect(await hold('early', past)).toBe('taken');
    expect(await hold('early', past + 60_000)).toBe('settled');
  });

  it('is tried again after a failure, under its own moment', async () => {
    await expect(
      hold('retried', FIRST, { work: failForNow, isRetried: () => true }),
    ).rejects.toThrow('away');
    expect((await recordOf('retried'))?.last).toMatchObject({
      outcome: 'retrying',
      reason: 'COLD_UNREACHABLE: the archive is away',
    });

    expect(await hold('retried', FIRST)).toBe('taken');
    expect(await recordOf('retried')).toMatchObject({ last: { outcome: 'done' }, runs: 2 });
  });

  it('keeps why it failed, but nothing of what an error quotes', async () => {
    const quoting = Object.assign(new TypeError('meu CPF é 529.982.247-25'), { code: 'ER_X' });
    const work = async () => {
      throw quoting;
    };
    await expect(hold('failing', FIRST, { work })).rejects.toBe(quoting);
    expect((await recordOf('failing'))?.last).toMatchObject({
      outcome: 'failed',
      reason: 'TypeError ER_X',
    });
  });

  it('goes to the next process when nothing was heard of its own', async () => {
    const dead = await holdOn('orphan', FIRST);
    await forget('orphan');
    expect((await recordOf('orphan'))?.last?.outcome).toBe('interrupted');

    const heir = await holdOn('orphan', FIRST);
    dead.end();
    await dead.ended; // What the first one says of its end does not count any more.
    expect((await recordOf('orphan'))?.last?.outcome).toBe('running');
    heir.end();
    expect(await heir.ended).toBe('taken');
    expect((await recordOf('orphan'))?.last?.outcome).toBe('done');
  });

  it('is told to end when it was taken from it', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const slow = await holdOn('lost', FIRST);
    await forget('lost');
    expect(await hold('lost', SECOND)).toBe('taken');

    await vi.advanceTimersByTimeAsync(RENEWAL_MS);
    await eventually(
      async () => slow.signal.aborted,
      (isAborted) => isAborted,
    );
    slow.end();
    await expect(slow.ended).rejects.toMatchObject({ code: 'RUN_LOST' });
    expect((await recordOf('lost'))?.last).toMatchObject({ dueAt: SECOND, outcome: 'done' });
  });

  // Red when only a renewal that is answered tells of it.
  it('is told to end before its lease does, though MySQL does not answer', async () => {
    vi.useFakeTimers({
      toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout', 'performance'],
    });
    const silenced = await holdOn('silenced', FIRST);
    const letGo = await lockRow('silenced');
    await vi.advanceTimersByTimeAsync(13_900);
    expect(silenced.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(100);
    expect(silenced.signal.aborted).toBe(true);
    await letGo();
    silenced.end();
    await expect(silenced.ended).rejects.toMatchObject({ code: 'RUN_LOST' });
  });

  it('counts its lease from when it asked for it, however late MySQL answers', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    await hold('waited', FIRST);
    const letGo = await lockRow('waited');
    const asked = holdOn('waited', SECOND);
    await vi.advanceTimersByTimeAsync(4 * RENEWAL_MS);
    await letGo();
    const slow = await asked;

    await vi.advanceTimersByTimeAsync(RENEWAL_MS);
    await eventually(
      async () => slow.signal.aborted,
      (isAborted) => isAborted,
    );
    slow.end();
    await expect(slow.ended).rejects.toMatchObject({ code: 'RUN_LOST' });
  });

  it('loses its hold when it goes on though it was told to end', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const told = new AbortController();
    const stubborn = await holdOn('stubborn', FIRST, { signal: told.signal });
    const first = await leaseOf('stubborn');
    await vi.advanceTimersByTimeAsync(RENEWAL_MS);
    // It renews its lease, as long as it may.
    await eventually(
      () => leaseOf('stubborn'),
      (now) => now !== first,
    );

    told.abort();
    const last = await leaseOf('stubborn');
    await vi.advanceTimersByTimeAsync(12 * RENEWAL_MS);
    expect(await leaseOf('stubborn')).toBe(last);
    stubborn.end();
    await expect(stubborn.ended).rejects.toThrow();
  });
});

describe('a paused entry', () => {
  it('does not run, and then runs what is due next, not what was due meanwhile', async () => {
    await pauseEntry('quiet');
    const now = Date.now();
    expect(await hold('quiet', now)).toBe('paused');
    expect(await recordOf('quiet')).toMatchObject({ isPaused: true, last: null });

    await resume('quiet');
    expect(await hold('quiet', now)).toBe('settled');
    expect(await hold('quiet', now + 60_000)).toBe('taken');
  });

  it('lets the run under way end', async () => {
    const running = await holdOn('ending', FIRST);
    await pauseEntry('ending');
    running.end();
    expect(await running.ended).toBe('taken');
    expect(await recordOf('ending')).toMatchObject({ isPaused: true, last: { outcome: 'done' } });
  });

  it('stays what it is when it is resumed twice', async () => {
    await hold('twice', FIRST);
    await resume('twice');
    const before = await recordOf('twice');
    await resume('twice');
    expect(await recordOf('twice')).toEqual(before);
  });
});

it('MySQL away is waited for, and counts as no attempt', async () => {
  const nowhere = openDatabase({ url: 'mysql://nobody@127.0.0.1:9/none', connectionsMax: 1 });
  const work = { work: async () => {}, signal: AbortSignal.timeout(9_000), isRetried: () => true };
  await expect(holdRun(nowhere, { name: 'any', dueAt: FIRST }, work)).rejects.toMatchObject({
    code: 'SCHEDULE_UNREACHABLE',
    retry: { afterMs: 1_000 },
  });
  await nowhere.destroy();
});
