import { type Kysely, type Selectable, sql } from 'kysely';
import { instantOf } from '../domain/instant.ts';
import type { LastRun, RunRecord, RunVerdict, ScheduledRun } from '../domain/schedule.ts';
import { timeOf, toDatetime } from './datetime.ts';
import { retryDeadlocks } from './retry-deadlocks.ts';
import type { Database, Datetime, ScheduleRunsTable } from './schema.ts';

/** Names of entries; far more than a schedule has. */
const RECORDS_MAX = 1_000;
const REASON_LENGTH_MAX = 500;

/** Whose run it is. A process that lost its run must not end, or prolong, that of its successor. */
export interface Runner {
  readonly name: string;
  readonly runner: string;
}

/** By name. */
export async function readRunRecords(db: Kysely<Database>): Promise<RunRecord[]> {
  const rows = await db
    .selectFrom('schedule_runs')
    .selectAll()
    .select(isHeld)
    .orderBy('name')
    .limit(RECORDS_MAX)
    .execute();
  return rows.map(toRecord);
}

/**
 * Makes records for entries that have none. Nothing that was due before is owed to them: an
 * installation, or an entry, that did not exist has missed nothing.
 */
export async function knowSchedules(
  db: Kysely<Database>,
  names: readonly string[],
  now: number,
): Promise<void> {
  for (const name of names) await insertRecord(db, { name, settledAt: now });
}

/**
 * Takes a run, if it is due and nobody else is at this entry. By MySQL's clock, so those of the
 * processes do not matter.
 *
 * @param lease.ms How long it is ours without a further word.
 */
export function takeRun(
  db: Kysely<Database>,
  { name, dueAt }: ScheduledRun,
  lease: { runner: string; ms: number },
): Promise<RunVerdict> {
  return retryDeadlocks(() =>
    db.transaction().execute(async (transaction) => {
      // One whose entry this process has not heard of yet, in the middle of a rollout.
      await insertRecord(transaction, { name, settledAt: dueAt - 1 });
      const row = await transaction
        .selectFrom('schedule_runs')
        .selectAll()
        .select(isHeld)
        .where('name', '=', name)
        .forUpdate()
        .executeTakeFirstOrThrow();
      const verdict = judge(row, dueAt);
      if (verdict === 'taken') await writeStart(transaction, { name, dueAt }, lease);
      if (verdict === 'overlapping') await writeSkip(transaction, { name, dueAt });
      return verdict;
    }),
  );
}

/** @returns False if the run is another's by now. */
export async function renewLease(
  db: Kysely<Database>,
  { name, runner }: Runner,
  leaseMs: number,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('schedule_runs')
    .set({ lease_until: inMs(leaseMs) })
    .where('name', '=', name)
    .where('runner', '=', runner)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Notes what became of a run, unless it is another's by now. */
export async function endRun(
  db: Kysely<Database>,
  { name, runner }: Runner,
  end: { outcome: 'done' | 'retrying' | 'failed'; reason: string | null },
): Promise<void> {
  const { outcome, reason } = end;
  await db
    .updateTable('schedule_runs')
    .set({
      outcome,
      reason: reason === null ? null : reason.slice(0, REASON_LENGTH_MAX),
      ended_at: sql`utc_timestamp(3)`,
      ...(outcome === 'done' && { done_at: sql`utc_timestamp(3)` }),
    })
    .where('name', '=', name)
    .where('runner', '=', runner)
    .execute();
}

/** From now on it does not run. A run under way goes on. */
export async function pauseSchedule(db: Kysely<Database>, name: string, now: number) {
  await insertRecord(db, { name, settledAt: now });
  await db.updateTable('schedule_runs').set({ is_paused: 1 }).where('name', '=', name).execute();
}

/** It runs again when it is due next. What was due meanwhile is not made up for. */
export async function resumeSchedule(db: Kysely<Database>, name: string, now: number) {
  await insertRecord(db, { name, settledAt: now });
  await db
    .updateTable('schedule_runs')
    .set({ is_paused: 0, settled_at: latest(datetimeOf(now)) })
    .where('name', '=', name)
    .where('is_paused', '=', 1)
    .execute();
}

type Row = Selectable<ScheduleRunsTable> & { isHeld: number | string | null };

function judge(row: Row, dueAt: number): RunVerdict {
  if (row.is_paused === 1) return 'paused';
  const isThis = row.due_at !== null && timeOf(row.due_at) === dueAt;
  const isOwed = timeOf(row.settled_at) < dueAt;
  if (isRunning(row)) return isThis ? 'busy' : isOwed ? 'overlapping' : 'settled';
  return isOwed || (isThis && row.outcome !== 'done') ? 'taken' : 'settled';
}

const isRunning = (row: Row) => row.outcome === 'running' && Number(row.isHeld) === 1;

const isHeld = sql<number | string | null>`lease_until > utc_timestamp(3)`.as('isHeld');

async function insertRecord(
  db: Kysely<Database>,
  { name, settledAt }: { name: string; settledAt: number },
): Promise<void> {
  await db
    .insertInto('schedule_runs')
    .values({ name, settled_at: datetimeOf(settledAt) })
    .onDuplicateKeyUpdate({ name })
    .execute();
}

/** A run covers all that was due before it started: what was missed is made up for once. */
async function writeStart(
  transaction: Kysely<Database>,
  { name, dueAt }: ScheduledRun,
  lease: { runner: string; ms: number },
): Promise<void> {
  await transaction
    .updateTable('schedule_runs')
    .set({
      due_at: datetimeOf(dueAt),
      settled_at: sql<Datetime>`greatest(${latest(datetimeOf(dueAt))}, utc_timestamp(3))`,
      started_at: sql`utc_timestamp(3)`,
      ended_at: null,
      outcome: 'running',
      reason: null,
      runner: lease.runner,
      lease_until: inMs(lease.ms),
      runs_total: sql`runs_total + 1`,
    })
    .where('name', '=', name)
    .execute();
}

async function writeSkip(transaction: Kysely<Database>, { name, dueAt }: ScheduledRun) {
  await transaction
    .updateTable('schedule_runs')
    .set({ settled_at: latest(datetimeOf(dueAt)), skipped_total: sql`skipped_total + 1` })
    .where('name', '=', name)
    .execute();
}

/** It only grows, whatever the clocks of those who write it say. */
const latest = (datetime: Datetime) =>
  sql<Datetime>`greatest(settled_at, cast(${datetime} as datetime(3)))`;

const inMs = (ms: number) =>
  sql<Datetime>`timestampadd(microsecond, ${ms * 1_000}, utc_timestamp(3))`;

const datetimeOf = (timeMs: number) => toDatetime(instantOf(timeMs));

function toRecord(row: Row): RunRecord {
  return {
    name: row.name,
    isPaused: row.is_paused === 1,
    settledAt: timeOf(row.settled_at),
    last: toLastRun(row),
    lastDoneAt: row.done_at === null ? null : timeOf(row.done_at),
    runs: Number(row.runs_total),
    skipped: Number(row.skipped_total),
  };
}

function toLastRun(row: Row): LastRun | null {
  if (row.due_at === null || row.started_at === null || row.outcome === null) return null;
  return {
    dueAt: timeOf(row.due_at),
    startedAt: timeOf(row.started_at),
    endedAt: row.ended_at === null ? null : timeOf(row.ended_at),
    outcome: row.outcome === 'running' && !isRunning(row) ? 'interrupted' : row.outcome,
    reason: row.reason,
  };
}
