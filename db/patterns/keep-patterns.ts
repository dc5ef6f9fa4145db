import { type Kysely, sql } from 'kysely';
import type { FoundPatterns, PatternsWanted } from '../../domain/patterns/request.ts';
import { findPatterns } from '../../domain/patterns/patterns.ts';
import { instantOf } from '../../domain/instant.ts';
import { edgesOf } from '../../domain/stats-buckets.ts';
import { HOUR_MS } from '../../domain/usage.ts';
import { fromDatetime, toDatetime } from '../datetime.ts';
import type { Names } from '../names.ts';
import type { Database } from '../schema.ts';
import { observe } from './observe.ts';

interface Deps {
  readonly db: Kysely<Database>;
  readonly names: Names;
}

/**
 * The patterns of a Company as they were found last, and notes that somebody wants them.
 *
 * @returns Null if they were never looked for; undefined if there is no such Company.
 */
export async function readPatterns(
  { db, names }: Deps,
  { companyId, days, timeZone }: PatternsWanted,
): Promise<FoundPatterns | null | undefined> {
  const companyNo = await names.companyNo(companyId);
  if (companyNo === null) return undefined;
  await sql`
    insert into company_patterns (company_no, days, time_zone, asked_at)
    values (${companyNo}, ${days}, ${timeZone}, utc_timestamp(3))
    on duplicate key update asked_at = utc_timestamp(3)`.execute(db);
  const row = await db
    .selectFrom('company_patterns')
    .select(['found_at', 'patterns'])
    .where('company_no', '=', companyNo)
    .where('days', '=', days)
    .where('time_zone', '=', timeZone)
    .executeTakeFirst();
  if (!row?.found_at || row.patterns === null) return null;
  return { foundAt: fromDatetime(row.found_at), ...parsed(row.patterns) };
}

const parsed = (patterns: string) => JSON.parse(patterns) as Omit<FoundPatterns, 'foundAt'>;

/** Looks for the patterns of a Company, and keeps what it finds in the place of what was there. */
export async function keepPatterns(
  { db, names }: Deps,
  { companyId, days, timeZone }: PatternsWanted,
  nowMs: number,
): Promise<void> {
  const companyNo = await names.companyNo(companyId);
  if (companyNo === null) return;
  const edges = edgesOf({ days, timeZone, by: 'day' }, nowMs);
  const span = { from: momentOf(edges[0]), to: momentOf(edges.at(-1)), timeZone };
  const found = findPatterns(await observe(db, { companyNo, span }), span);
  const patterns = JSON.stringify({ ...span, ...found });
  const foundAt = toDatetime(instantOf(nowMs));
  await sql`
    insert into company_patterns (company_no, days, time_zone, asked_at, found_at, patterns)
    values (${companyNo}, ${days}, ${timeZone}, ${foundAt}, ${foundAt}, ${patterns})
    on duplicate key update found_at = values(found_at), patterns = values(patterns)`.execute(db);
}

const momentOf = (hourNo = 0) => instantOf(hourNo * HOUR_MS);

/** Nobody has asked for them for so long: they are not looked for any more. */
const WANTED_DAYS = 30;
/** The others are found the next time. */
const DUE_MAX = 10_000;

/** All patterns that somebody still asks for, those found the longest ago first. */
export async function findWantedPatterns(db: Kysely<Database>): Promise<PatternsWanted[]> {
  await sql`
    delete from company_patterns
    where asked_at < utc_timestamp(3) - interval ${WANTED_DAYS} day`.execute(db);
  const { rows } = await sql<PatternsWanted>`
    select company.company_id as companyId, wanted.days, wanted.time_zone as timeZone
    from company_patterns as wanted
    join companies as company on company.company_no = wanted.company_no
    order by wanted.found_at
    limit ${DUE_MAX}`.execute(db);
  return rows;
}
