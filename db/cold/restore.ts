import { CompiledQuery, type Kysely, sql } from 'kysely';
import type { Instant } from '../../domain/instant.ts';
import type { Segment } from '../../domain/segment.ts';
import { lockCompany } from '../boundaries.ts';
import { MOVES_SLOT } from '../ledger.ts';
import { toDatetime } from '../datetime.ts';
import { MESSAGE_COLUMNS } from '../keyed-message.ts';
import { retryDeadlocks } from '../retry-deadlocks.ts';
import type { Database } from '../schema.ts';
import { bucketOf } from '../warm-activity.ts';
import { type Entry, findEntry, findLive, noteCleared, putLive, retire } from './catalogue.ts';
import { clearSegment } from './clear-segment.ts';
import type { NumberedRow } from './columns.ts';
import { inPieces, rowsOf } from './compact.ts';
import { withDayLocks } from './day-locks.ts';
import { segmentGivenUp } from './faults.ts';
import { keepWarm } from './kept-warm.ts';
import { makeSegment } from './make-segment.ts';
import { dealOut } from './row-groups.ts';
import type { MoveDeps } from './write-segment.ts';

export interface RestoreWanted {
  readonly companyId: string;
  readonly companyNo: number;
  /** Included; `to` is not. */
  readonly from: Instant;
  readonly to: Instant;
  /** Until then the schedule leaves them warm. */
  readonly until: Instant;
}

export interface RestoreOptions {
  readonly signal: AbortSignal;
  readonly onRestored?: ((messages: number) => void) | undefined;
}

/**
 * Brings a Company's cold Messages of a span back to warm. Segment by Segment: what stays cold is
 * written anew, what is wanted is copied, then both are recorded at once. A death before that leaves
 * copies which the next run of either kind takes away again.
 *
 * @returns How many are warm now; `busy` if some are being moved by somebody else: try again.
 */
export async function restore(
  deps: MoveDeps,
  wanted: RestoreWanted,
  options: RestoreOptions,
): Promise<{ restored: number; isBusy: boolean }> {
  const { db } = deps;
  await keepWarm(db, wanted);
  const { companyNo } = wanted;
  const [since, until] = [toDatetime(wanted.from), toDatetime(wanted.to)];
  let restored = 0;
  let isBusy = false;
  for (const entry of await findLive(db, { companyNo, since, until })) {
    if (options.signal.aborted) break;
    const days = (await daysOf(db, entry)).map((day) => ({ companyNo, day }));
    const work = () => restoreIfLive(deps, entry, { wanted, signal: options.signal });
    const count = await withDayLocks(deps.locks, days, work, null);
    if (count === null) isBusy = true;
    restored += count ?? 0;
    options.onRestored?.(count ?? 0);
  }
  return { restored, isBusy };
}

/** Its days, and its month, which a compaction would hold. */
async function daysOf(db: Kysely<Database>, { segmentId, day }: Entry): Promise<string[]> {
  const rows = await db
    .selectFrom('segment_days')
    .select('day')
    .where('segment_id', '=', segmentId)
    .execute();
  return [day.slice(0, 7), ...rows.map((row) => row.day)];
}

/** @returns Null if it is not live any more, since somebody replaced it before we held its days. */
async function restoreIfLive(
  deps: MoveDeps,
  { segmentId }: Entry,
  { wanted, signal }: { wanted: RestoreWanted; signal: AbortSignal },
): Promise<number | null> {
  const entry = await findEntry(deps.db, segmentId);
  if (entry?.state !== 'live') return null;
  // What is in both tiers, because a move or a restore died, would be in two Segments afterwards.
  const clearing = { breathe: async () => {}, signal };
  if (!entry.isCleared && !(await clearSegment(deps, entry, clearing))) return null;
  return restoreSegment(deps, entry, wanted);
}

async function restoreSegment(
  deps: MoveDeps,
  entry: Entry,
  wanted: RestoreWanted,
): Promise<number> {
  const isWanted = ({ created_at: createdAt }: NumberedRow) =>
    createdAt >= toDatetime(wanted.from) && createdAt < toDatetime(wanted.to);
  const rest = dealOut(inPieces(filtered(rowsOf(deps, entry), (row) => !isWanted(row))));
  const { companyId, companyNo } = wanted;
  const left: Segment[] = [];
  while (await rest.hasMore()) {
    const made = { companyId, companyNo, day: entry.day, madeBy: 'restore' } as const;
    left.push(await makeSegment(deps, made, rest.nextSegment()));
  }
  // From here on, should we die, whoever archives that day clears what is in both tiers.
  await noteCleared(deps.db, entry.segmentId, false);
  const perDay = new Map<string, number>();
  for await (const rows of inPieces(filtered(rowsOf(deps, entry), isWanted))) {
    await copyToWarm(deps.db, companyNo, rows);
    for (const { created_at: createdAt } of rows) {
      const day = createdAt.slice(0, 10);
      perDay.set(day, (perDay.get(day) ?? 0) + 1);
    }
  }
  await record(deps.db, entry, { left, perDay });
  return [...perDay.values()].reduce((sum, count) => sum + count, 0);
}

async function record(
  db: Kysely<Database>,
  entry: Entry,
  { left, perDay }: { left: readonly Segment[]; perDay: ReadonlyMap<string, number> },
): Promise<void> {
  const work = async (transaction: Kysely<Database>) => {
    await lockCompany(transaction, entry.companyNo);
    if (!(await retire(transaction, [entry.segmentId]))) throw segmentGivenUp(entry.objectKey);
    for (const segment of left) {
      const isOurs = await putLive(transaction, segment, { isCleared: true });
      if (!isOurs) throw segmentGivenUp(segment.objectKey);
    }
    for (const [day, count] of perDay) {
      await sql`insert into ledger (company_no, day, slot, warm, cold)
        values (${entry.companyNo}, ${day}, ${MOVES_SLOT}, ${count}, ${-count})
        on duplicate key update warm = warm + values(warm), cold = cold + values(cold)`.execute(
        transaction,
      );
    }
  };
  await retryDeadlocks(() => db.transaction().execute(work));
}

/** Some may be there from a run that died. */
async function copyToWarm(
  db: Kysely<Database>,
  companyNo: number,
  rows: readonly NumberedRow[],
): Promise<void> {
  const clients = await clientNumbers(db, companyNo, rows);
  const values = rows.map((row) => [
    companyNo,
    row.conversation_no,
    row.created_at,
    row.message_id,
    clients.get(row.client_id ?? ''),
    row.role,
    row.external_id,
    row.content,
    row.metadata,
  ]);
  const activity = rows.map((row) => [companyNo, bucketOf(row.created_at), row.conversation_no]);
  const work = async (transaction: Kysely<Database>) => {
    await transaction.executeQuery(CompiledQuery.raw(COPY, [values]));
    await transaction.executeQuery(CompiledQuery.raw(NOTE_ACTIVITY, [activity]));
  };
  await retryDeadlocks(() => db.transaction().execute(work));
}

const COPY = `insert into messages_warm (${MESSAGE_COLUMNS}) values ?
  on duplicate key update message_id = values(message_id)`;
const NOTE_ACTIVITY = `insert ignore into warm_activity (company_no, bucket_no, conversation_no)
  values ?`;

async function clientNumbers(
  db: Kysely<Database>,
  companyNo: number,
  rows: readonly NumberedRow[],
): Promise<Map<string, number>> {
  const clientIds = [...new Set(rows.map((row) => row.client_id ?? ''))];
  const found = await db
    .selectFrom('clients')
    .select(['client_id', 'client_no'])
    .where('company_no', '=', companyNo)
    .where('client_id', 'in', clientIds)
    .execute();
  return new Map(found.map((row) => [row.client_id, row.client_no]));
}

async function* filtered(
  rows: AsyncIterable<NumberedRow>,
  isKept: (row: NumberedRow) => boolean,
): AsyncGenerator<NumberedRow> {
  for await (const row of rows) if (isKept(row)) yield row;
}
