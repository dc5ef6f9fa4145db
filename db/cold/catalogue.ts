import { type Kysely, type Selectable, sql } from 'kysely';
import type { Segment } from '../../domain/segment.ts';
import { fromDatetime, toDatetime } from '../datetime.ts';
import type { Span } from '../page-range.ts';
import type { Database, Datetime, SegmentsTable } from '../schema.ts';
import type { CompanyDays } from './read-days.ts';
import { SCHEMA_VERSION } from './segment.ts';

/** Announces an object before it is written, so that one left behind by a death is known. */
export async function announce(
  db: Kysely<Database>,
  segment: Pick<Entry, 'segmentId' | 'companyNo' | 'objectKey' | 'day' | 'madeBy'>,
): Promise<void> {
  await db
    .insertInto('segments')
    .values({
      segment_id: segment.segmentId,
      company_no: segment.companyNo,
      state: 'writing',
      made_by: segment.madeBy,
      object_key: segment.objectKey,
      day: segment.day,
      schema_version: SCHEMA_VERSION,
      first_created_at: null,
      last_created_at: null,
      changed_at: sql`utc_timestamp(3)`,
    })
    .execute();
}

/**
 * Declares a Segment's Messages cold. In the transaction that counts them so.
 *
 * @param options.isCleared Whether none of them is in the warm tier.
 * @returns False if somebody gave the Segment up meanwhile: then it must not be used.
 */
export async function putLive(
  transaction: Kysely<Database>,
  segment: Segment,
  { isCleared }: { isCleared: boolean },
): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('segments')
    .set({
      state: 'live',
      is_cleared: isCleared ? 1 : 0,
      row_count: segment.rows,
      size_bytes: segment.bytes,
      footer_bytes: segment.footerBytes,
      first_created_at: toDatetime(segment.firstCreatedAt),
      last_created_at: toDatetime(segment.lastCreatedAt),
      first_conversation_no: segment.firstConversationNo,
      last_conversation_no: segment.lastConversationNo,
      sha256: segment.sha256,
      changed_at: sql`utc_timestamp(3)`,
    })
    .where('segment_id', '=', segment.segmentId)
    .where('state', '=', 'writing')
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) return false;
  const days = segment.days.map(({ day, rows }) => {
    return { segment_id: segment.segmentId, day, row_count: rows };
  });
  await transaction.insertInto('segment_days').values(days).execute();
  return true;
}

/** Whether warm has let go of a Segment's Messages, or is to hold some of them again. */
export async function noteCleared(
  db: Kysely<Database>,
  segmentId: string,
  isCleared = true,
): Promise<void> {
  await db
    .updateTable('segments')
    .set({ is_cleared: isCleared ? 1 : 0, changed_at: sql`utc_timestamp(3)` })
    .where('segment_id', '=', segmentId)
    .execute();
}

/**
 * Takes Segments out of use, in the transaction that puts others in their place.
 *
 * @returns False if one of them is not live any more: then somebody else replaced it.
 */
export async function retire(
  transaction: Kysely<Database>,
  segmentIds: readonly string[],
): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('segments')
    .set({ state: 'retired', changed_at: sql`utc_timestamp(3)` })
    .where('segment_id', 'in', segmentIds)
    .where('state', '=', 'live')
    .executeTakeFirst();
  return numUpdatedRows === BigInt(segmentIds.length);
}

/**
 * Those that have been out of use for so long that nobody reads them any more, and those that were
 * begun so long ago that nobody ends them.
 */
export async function findAbandoned(db: Kysely<Database>, graceMs: number): Promise<Entry[]> {
  const rows = await entries(db)
    .where('state', 'in', ['retired', 'writing'])
    .where(
      'changed_at',
      '<=',
      sql<Datetime>`utc_timestamp(3) - interval ${graceMs * 1_000} microsecond`,
    )
    .execute();
  return rows.map(toEntry);
}

export async function forget(db: Kysely<Database>, segmentId: string): Promise<void> {
  await db.deleteFrom('segment_days').where('segment_id', '=', segmentId).execute();
  await db.deleteFrom('segments').where('segment_id', '=', segmentId).execute();
}

/** A row of the Catalogue, in whatever state. */
export interface Entry extends Omit<Segment, 'days'> {
  readonly madeBy: 'move' | 'compact' | 'restore' | 'import';
  readonly state: 'writing' | 'live' | 'retired';
  readonly isCleared: boolean;
  readonly day: string;
}

/**
 * The Segments of a Company's days that are not finished with: being written under one of them, or
 * live and not cleared. Of these the days count that they hold, for a restore has locked just those.
 */
export async function findUnfinished(
  db: Kysely<Database>,
  { companyNo, firstDay, lastDay, madeBy }: CompanyDays & Pick<Entry, 'madeBy'>,
): Promise<Entry[]> {
  const rows = await entries(db)
    .where('company_no', '=', companyNo)
    .where((eb) =>
      eb.or([
        eb.and([
          eb('state', '=', 'writing'),
          eb('made_by', '=', madeBy),
          eb.between('day', firstDay, lastDay),
        ]),
        eb.and([
          eb('state', '=', 'live'),
          eb('is_cleared', '=', 0),
          sql<boolean>`exists (select 1 from segment_days as held
            where held.segment_id = segments.segment_id
              and held.day between ${firstDay} and ${lastDay})`,
        ]),
      ]),
    )
    .execute();
  return rows.map(toEntry);
}

/** One of them as it is now; null if it is forgotten. */
export async function findEntry(db: Kysely<Database>, segmentId: string): Promise<Entry | null> {
  const row = await entries(db).where('segment_id', '=', segmentId).executeTakeFirst();
  return row ? toEntry(row) : null;
}

/** The live Segments that may hold something of a Company, or of one Conversation of it, in a span. */
export async function findLive(
  db: Kysely<Database>,
  wanted: Span & { companyNo: number; conversationNo?: number | undefined },
): Promise<Entry[]> {
  const { conversationNo } = wanted;
  let query = entries(db).where('company_no', '=', wanted.companyNo).where('state', '=', 'live');
  if (wanted.since !== null) query = query.where('last_created_at', '>=', wanted.since);
  if (wanted.until !== null) query = query.where('first_created_at', '<=', wanted.until);
  if (conversationNo !== undefined) {
    query = query
      .where('first_conversation_no', '<=', conversationNo)
      .where('last_conversation_no', '>=', conversationNo);
  }
  return (await query.execute()).map(toEntry);
}

/** All of them, in whatever state. */
export async function listEntries(db: Kysely<Database>): Promise<Entry[]> {
  return (await entries(db).orderBy('company_no').orderBy('day').execute()).map(toEntry);
}

function entries(db: Kysely<Database>) {
  return db.selectFrom('segments').selectAll();
}

export function toEntry(row: Selectable<SegmentsTable>): Entry {
  return {
    segmentId: row.segment_id,
    companyNo: row.company_no,
    objectKey: row.object_key,
    rows: row.row_count,
    bytes: Number(row.size_bytes),
    footerBytes: row.footer_bytes,
    firstCreatedAt: row.first_created_at === null ? '' : fromDatetime(row.first_created_at),
    lastCreatedAt: row.last_created_at === null ? '' : fromDatetime(row.last_created_at),
    firstConversationNo: row.first_conversation_no,
    lastConversationNo: row.last_conversation_no,
    sha256: row.sha256,
    state: row.state,
    madeBy: row.made_by,
    isCleared: row.is_cleared === 1,
    day: row.day,
  };
}
