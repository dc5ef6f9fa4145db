import { type Kysely, sql } from 'kysely';
import type { Segment } from '../../domain/segment.ts';
import { fromDatetime, toDatetime } from '../datetime.ts';
import type { Database, Datetime } from '../schema.ts';
import { SCHEMA_VERSION } from './segment.ts';

/** Announces an object before it is written, so that one left behind by a death is known. */
export async function announce(
  db: Kysely<Database>,
  segment: { segmentId: string; companyNo: number; objectKey: string; day: string },
): Promise<void> {
  await db
    .insertInto('segments')
    .values({
      segment_id: segment.segmentId,
      company_no: segment.companyNo,
      state: 'writing',
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
  return numUpdatedRows === 1n;
}

export async function noteCleared(db: Kysely<Database>, segmentId: string): Promise<void> {
  await db
    .updateTable('segments')
    .set({ is_cleared: 1, changed_at: sql`utc_timestamp(3)` })
    .where('segment_id', '=', segmentId)
    .execute();
}

export async function forget(db: Kysely<Database>, segmentId: string): Promise<void> {
  await db.deleteFrom('segments').where('segment_id', '=', segmentId).execute();
}

/** A row of the Catalogue, in whatever state. */
export interface Entry extends Segment {
  readonly state: 'writing' | 'live' | 'retired';
  readonly isCleared: boolean;
  readonly day: string;
}

/** The Segments of a Company and day that are not finished with: being written, or not cleared. */
export async function findUnfinished(
  db: Kysely<Database>,
  { companyNo, day }: { companyNo: number; day: string },
): Promise<Entry[]> {
  const rows = await entries(db)
    .where('company_no', '=', companyNo)
    .where('day', '=', day)
    .where((eb) =>
      eb.or([
        eb('state', '=', 'writing'),
        eb.and([eb('state', '=', 'live'), eb('is_cleared', '=', 0)]),
      ]),
    )
    .execute();
  return rows.map(toEntry);
}

/** The live Segments of a Company that may hold something between two moments, both included. */
export async function findLive(
  db: Kysely<Database>,
  wanted: { companyNo: number; since: Datetime | null; until: Datetime | null },
): Promise<Entry[]> {
  let query = entries(db).where('company_no', '=', wanted.companyNo).where('state', '=', 'live');
  if (wanted.since !== null) query = query.where('last_created_at', '>=', wanted.since);
  if (wanted.until !== null) query = query.where('first_created_at', '<=', wanted.until);
  return (await query.execute()).map(toEntry);
}

/** All of them, in whatever state. */
export async function listEntries(db: Kysely<Database>): Promise<Entry[]> {
  return (await entries(db).orderBy('company_no').orderBy('day').execute()).map(toEntry);
}

function entries(db: Kysely<Database>) {
  return db.selectFrom('segments').selectAll();
}

function toEntry(row: Awaited<ReturnType<ReturnType<typeof entries>['execute']>>[number]): Entry {
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
    isCleared: row.is_cleared === 1,
    day: row.day,
  };
}
