import { type Kysely, sql } from 'kysely';
import type { Segment } from '../../domain/segment.ts';
import { recordActivity } from '../conversations.ts';
import { toDatetime } from '../datetime.ts';
import { findInHot } from '../hot.ts';
import { externalIdOf, type KeyedMessage, metadataOf, pieces } from '../keyed-message.ts';
import { recordStored } from '../ledger.ts';
import { retryDeadlocks } from '../retry-deadlocks.ts';
import type { Database } from '../schema.ts';
import { noteGuests } from '../warm.ts';
import { findEntry, forget, putLive } from './catalogue.ts';
import { daysOfSegment } from './clear-segment.ts';
import type { NumberedRow } from './columns.ts';
import { isGivenUp, segmentGivenUp } from './faults.ts';
import { isSameState, leaveOutStored, type MonthState, readState } from './look-up-month.ts';
import { makeSegment } from './make-segment.ts';
import type { OpenCold } from './open-cold.ts';
import { spanOfDays } from './read-days.ts';
import { dealOut } from './row-groups.ts';
import type { MonthOfRows } from './straight.ts';

interface Deps {
  readonly db: Kysely<Database>;
  readonly cold: OpenCold;
}

export interface StraightOptions {
  /** Fewer that are new are not worth an object. */
  readonly rowsMin: number;
  /** Where in the Ledger to count, see `LEDGER_SLOTS`. */
  readonly slot: number;
  /** Runs a transaction that changes pages; before its commit it awaits what it is given. */
  fenced(
    rows: readonly KeyedMessage[],
    transact: (beforeCommit: Promise<unknown>) => Promise<void>,
  ): Promise<void>;
  /** What else is to be committed with them. */
  also(transaction: Kysely<Database>, stored: number): Promise<void>;
}

/** How often Segments are made that others may make useless. */
const TRIES_MAX = 3;

/**
 * Stores Messages in the cold tier that were in no tier before: written, read back and compared, and
 * then recorded with all that must be true together, as `storeGroup` does.
 *
 * Nothing is locked while Segments are written. Whether a Message was stored before (P2) is looked up
 * first; if afterwards the month is not what it was before the look, somebody stored or moved Messages
 * meanwhile, and the look may have missed them: the Segments are thrown away, and made anew.
 *
 * @returns How many were new. Null, and nothing is stored: they are better stored as all others are,
 *          since they are few, or others do not leave this month alone.
 */
export async function storeStraight(
  deps: Deps,
  month: MonthOfRows,
  options: StraightOptions,
): Promise<number | null> {
  for (let attempt = 1; attempt <= TRIES_MAX; attempt += 1) {
    const state = await readState(deps.db, month);
    const rows = await leaveOutStored(deps, month, state);
    if (rows.length === 0) return 0;
    if (rows.length < options.rowsMin) return null;
    const segments = await makeSegments(deps, { ...month, rows });
    try {
      await record(deps.db, { month: { ...month, rows }, state, segments }, options);
      return rows.length;
    } catch (error) {
      // After any other fault they may be live: the answer to a commit gets lost now and then.
      if (!isGivenUp(error)) throw error;
      await undo(deps, segments);
    }
  }
  return null;
}

async function makeSegments(
  { db, cold }: Deps,
  { rows, ...month }: MonthOfRows,
): Promise<Segment[]> {
  const wanted = { ...month, day: `${month.month}-01`, madeBy: 'import' } as const;
  const segments = dealOut(numberedRows(rows));
  const made: Segment[] = [];
  while (await segments.hasMore()) {
    made.push(await makeSegment({ ...cold, db }, wanted, segments.nextSegment()));
  }
  return made;
}

const ROWS_PER_PIECE = 4_096;

/** As the tiers in MySQL would give them. */
async function* numberedRows(rows: readonly KeyedMessage[]): AsyncGenerator<NumberedRow[]> {
  for (const some of pieces(rows, ROWS_PER_PIECE)) yield some.map(toNumberedRow);
}

function toNumberedRow(row: KeyedMessage): NumberedRow {
  const { message } = row;
  return {
    conversation_no: row.conversationNo,
    conversation_id: message.conversationId,
    client_id: message.clientId,
    created_at: toDatetime(message.createdAt),
    message_id: row.key,
    external_id: externalIdOf(message),
    role: message.role,
    content: message.content,
    metadata: metadataOf(message),
  };
}

/** From here on they are cold: to readers, to the Ledger, and to whoever sends one again. */
async function record(
  db: Kysely<Database>,
  made: { month: MonthOfRows; state: MonthState; segments: readonly Segment[] },
  options: StraightOptions,
): Promise<void> {
  const { month, state, segments } = made;
  const work = async (transaction: Kysely<Database>) => {
    await raiseBoundaries(transaction, segments);
    const isAlone =
      isSameState(state, await readState(transaction, month)) &&
      (await findInHot(transaction, month.rows)).size === 0; // Where a young one may have come.
    for (const segment of segments) {
      const isOurs = isAlone && (await putLive(transaction, segment, { isCleared: true }));
      if (!isOurs) throw segmentGivenUp(segment.objectKey);
    }
    await recordRows(transaction, month.rows);
    // Last: the Ledger's few rows are locked for the shortest time.
    await recordStored(transaction, { cold: month.rows }, options.slot);
    await options.also(transaction, month.rows.length);
  };
  await options.fenced(month.rows, (beforeCommit) =>
    retryDeadlocks(() =>
      db.transaction().execute(async (transaction) => {
        await work(transaction);
        await beforeCommit;
      }),
    ),
  );
}

/**
 * Says that the tiers above do not hold all of what is so old. From then on nothing of the Company that
 * is late is stored, and nothing moves, until the transaction ends.
 */
async function raiseBoundaries(
  transaction: Kysely<Database>,
  segments: readonly Segment[],
): Promise<void> {
  for (const segment of segments) {
    const { to } = spanOfDays(daysOfSegment(segment));
    await sql`update companies set hot_since = greatest(coalesce(hot_since, ${to}), ${to}),
        warm_since = greatest(coalesce(warm_since, ${to}), ${to})
      where company_no = ${segment.companyNo}`.execute(transaction);
  }
}

const ROWS_PER_STATEMENT_MAX = 20_000;

async function recordRows(
  transaction: Kysely<Database>,
  rows: readonly KeyedMessage[],
): Promise<void> {
  for (const some of pieces(rows, ROWS_PER_STATEMENT_MAX)) {
    await recordActivity(transaction, some);
    await noteGuests(transaction, some);
  }
}

async function undo({ db, cold }: Deps, segments: readonly Segment[]): Promise<void> {
  for (const { objectKey, segmentId } of segments) {
    if ((await findEntry(db, segmentId))?.state !== 'writing') continue;
    await cold.store.remove(objectKey);
    await forget(db, segmentId);
  }
}
