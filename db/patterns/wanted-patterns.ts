import { type Kysely, sql } from 'kysely';
import { instantOf } from '../../domain/instant.ts';
import { type PatternsWanted, SPANS_PER_COMPANY_MAX } from '../../domain/patterns/request.ts';
import { toDatetime } from '../datetime.ts';
import type { Names } from '../names.ts';
import type { Database } from '../schema.ts';

export interface RowKey {
  readonly companyNo: number;
  readonly days: number;
  readonly timeZone: string;
}

export function rowOf(db: Kysely<Database>, { companyNo, days, timeZone }: RowKey) {
  return db
    .selectFrom('company_patterns')
    .where('company_no', '=', companyNo)
    .where('days', '=', days)
    .where('time_zone', '=', timeZone);
}

/**
 * Notes that somebody wants patterns of a Company: from now on they are found every night.
 *
 * @param nowMs Milliseconds since 1970.
 * @returns False if the Company has as many others as it may have, or does not exist.
 */
export async function wantPatterns(
  { db, names }: { readonly db: Kysely<Database>; readonly names: Names },
  { companyId, days, timeZone }: PatternsWanted,
  nowMs: number,
): Promise<boolean> {
  const companyNo = await names.companyNo(companyId);
  if (companyNo === null) return false;
  const key = { companyNo, days, timeZone };
  if (await rowOf(db, key).select('days').executeTakeFirst()) return true;
  return db.transaction().execute((transaction) => addOne(transaction, key, nowMs));
}

/** Whoever adds one holds the Company's row: many at once do not add more than there may be. */
async function addOne(
  db: Kysely<Database>,
  { companyNo, days, timeZone }: RowKey,
  nowMs: number,
): Promise<boolean> {
  await sql`select 1 from companies where company_no = ${companyNo} for update`.execute(db);
  const rows = await db
    .selectFrom('company_patterns')
    .select(['days', 'time_zone'])
    .where('company_no', '=', companyNo)
    .execute();
  if (rows.some((row) => row.days === days && row.time_zone === timeZone)) return true;
  if (rows.length >= SPANS_PER_COMPANY_MAX) return false;
  const askedAt = toDatetime(instantOf(nowMs));
  await sql`
    insert into company_patterns (company_no, days, time_zone, asked_at)
    values (${companyNo}, ${days}, ${timeZone}, ${askedAt})
    on duplicate key update asked_at = values(asked_at)`.execute(db);
  return true;
}

/** Nobody has asked for them for so long: they are not looked for any more. */
const WANTED_DAYS = 30;
/** The others are found the next time. */
const DUE_MAX = 10_000;

/** All patterns that somebody still asks for, those found the longest ago first. */
export async function findWantedPatterns(
  db: Kysely<Database>,
  signal: AbortSignal,
): Promise<PatternsWanted[]> {
  await sql`
    delete from company_patterns
    where asked_at < utc_timestamp(3) - interval ${WANTED_DAYS} day`.execute(db);
  signal.throwIfAborted();
  const { rows } = await sql<PatternsWanted>`
    select company.company_id as companyId, wanted.days, wanted.time_zone as timeZone
    from company_patterns as wanted
    join companies as company on company.company_no = wanted.company_no
    order by wanted.found_at
    limit ${DUE_MAX}`.execute(db);
  return rows;
}
