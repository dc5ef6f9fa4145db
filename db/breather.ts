import { setTimeout as pause } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import type { ReplicaLag } from './replica-lag.ts';
import type { Database } from './schema.ts';

/** The share of the time that moves leave to others, when nobody waits and when somebody does. */
const PAUSE_SHARE = 1;
const PAUSE_SHARE_BUSY = 4;
const PAUSE_MS_MAX = 10_000;
const LAG_POLL_MS = 500;

interface Deps {
  readonly db: Kysely<Database>;
  readonly replicaLag: Pick<ReplicaLag, 'seconds'>;
  readonly lagSecondsMax: number;
}

/**
 * Waits between two transactions of a move, for longer where others wait for locks, and until the
 * replicas have caught up: those who store and read are not to feel that Messages move.
 *
 * @param tookMs Milliseconds of the transaction before.
 * @param signal Ends the wait.
 */
export async function breathe(
  { db, replicaLag, lagSecondsMax }: Deps,
  tookMs: number,
  signal: AbortSignal,
): Promise<void> {
  const share = (await countLockWaits(db)) > 0 ? PAUSE_SHARE_BUSY : PAUSE_SHARE;
  await rest(Math.min(tookMs * share, PAUSE_MS_MAX), signal);
  while (!signal.aborted && (await replicaLag.seconds()) > lagSecondsMax) {
    await rest(LAG_POLL_MS, signal);
  }
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => {});
}

async function countLockWaits(db: Kysely<Database>): Promise<number> {
  const { rows } = await sql<{
    Value: string;
  }>`show global status like 'Innodb_row_lock_current_waits'`.execute(db);
  return Number(rows[0]?.Value ?? 0);
}
