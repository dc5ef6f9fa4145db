import { type Kysely, sql } from 'kysely';
import type { Instant } from '../domain/instant.ts';
import { toDatetime } from './datetime.ts';
import { retryDeadlocks } from './retry-deadlocks.ts';
import type { Database } from './schema.ts';

/** Messages of one transaction. With five times as many, the p99 of all others doubled while it commits. */
const ROWS_PER_MOVE_MAX = 2_000;

/**
 * Moves all of a Company's Messages that are older than a moment from hot to warm. Each transaction
 * copies, compares, records and deletes (P6); see the procedure `ArchiveHotBatch`, which does it.
 *
 * @param options.breathe Waits between two transactions, told how long the last one took.
 * @param options.onMoved Told of each transaction.
 * @returns How many were moved; fewer than there are if the signal aborts meanwhile.
 */
export async function moveToWarm(
  db: Kysely<Database>,
  { companyNo, before }: { companyNo: number; before: Instant },
  options: {
    breathe: (tookMs: number) => Promise<void>;
    onMoved?: ((messages: number) => void) | undefined;
    signal: AbortSignal;
  },
): Promise<{ moved: number }> {
  let moved = 0;
  let from: number | null = 0;
  while (from !== null && !options.signal.aborted) {
    const startedAt = performance.now();
    const place = { companyNo, before, from };
    const batch: Batch = await retryDeadlocks(() => moveBatch(db, place));
    moved += batch.moved;
    from = batch.next;
    options.onMoved?.(batch.moved);
    if (from !== null) await options.breathe(performance.now() - startedAt);
  }
  return { moved };
}

interface Batch {
  readonly moved: number;
  /** The Conversation to go on with; null: nothing is left. */
  readonly next: number | null;
}

function moveBatch(
  db: Kysely<Database>,
  { companyNo, before, from }: { companyNo: number; before: Instant; from: number },
): Promise<Batch> {
  return db.connection().execute(async (connection) => {
    await sql`set @next = ${from}`.execute(connection);
    await sql`call ArchiveHotBatch(${companyNo}, ${toDatetime(before)}, ${ROWS_PER_MOVE_MAX}, @next,
      @moved)`.execute(connection);
    const { rows } = await sql<{
      moved: number | string;
      next: number | string | null;
    }>`select @moved as moved, @next as next`.execute(connection);
    const { moved = 0, next = null } = rows[0] ?? {};
    return { moved: Number(moved), next: next === null ? null : Number(next) };
  });
}
