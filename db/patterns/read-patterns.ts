import type { Kysely } from 'kysely';
import type {
  FoundPatterns,
  PatternsState,
  PatternsWanted,
} from '../../domain/patterns/request.ts';
import { instantOf, DAY_MS } from '../../domain/instant.ts';
import { fromDatetime, timeOf, toDatetime } from '../datetime.ts';
import type { Names } from '../names.ts';
import type { Database } from '../schema.ts';
import { rowOf, type RowKey } from './wanted-patterns.ts';

interface Deps {
  readonly db: Kysely<Database>;
  readonly names: Names;
}

/** That somebody asked is written down once in so long: reading is to cost no commit. */
const ASKED_MS = DAY_MS;

/**
 * The patterns of a Company as they were found last.
 *
 * @param nowMs Milliseconds since 1970.
 * @returns Null if there is no such Company.
 */
export async function readPatterns(
  { db, names }: Deps,
  { companyId, days, timeZone }: PatternsWanted,
  nowMs: number,
): Promise<PatternsState | null> {
  const companyNo = await names.companyNo(companyId);
  if (companyNo === null) return null;
  const key = { companyNo, days, timeZone };
  const row = await rowOf(db, key)
    .select(['asked_at', 'found_at', 'failed_at', 'patterns'])
    .executeTakeFirst();
  if (!row) return { found: null, failedAt: null };
  if (timeOf(row.asked_at) < nowMs - ASKED_MS) await noteAsked(db, key, nowMs);
  return {
    found: row.found_at && row.patterns ? parsed(row.patterns, row.found_at) : null,
    failedAt: row.failed_at && fromDatetime(row.failed_at),
  };
}

function parsed(patterns: string, foundAt: string): FoundPatterns {
  const found = JSON.parse(patterns) as Omit<FoundPatterns, 'foundAt'>;
  return { foundAt: fromDatetime(foundAt), ...found };
}

async function noteAsked(
  db: Kysely<Database>,
  { companyNo, days, timeZone }: RowKey,
  nowMs: number,
): Promise<void> {
  await db
    .updateTable('company_patterns')
    .set({ asked_at: toDatetime(instantOf(nowMs)) })
    .where('company_no', '=', companyNo)
    .where('days', '=', days)
    .where('time_zone', '=', timeZone)
    .execute();
}

/** Who polls asks once more while they are looked for: that one need not be done again. */
const JUST_MS = 60_000;

/** Whether they were found within the last minute. */
export async function areJustFound(
  { db, names }: Deps,
  { companyId, days, timeZone }: PatternsWanted,
  nowMs: number,
): Promise<boolean> {
  const companyNo = await names.companyNo(companyId);
  if (companyNo === null) return false;
  const row = await rowOf(db, { companyNo, days, timeZone }).select('found_at').executeTakeFirst();
  return row?.found_at ? timeOf(row.found_at) > nowMs - JUST_MS : false;
}
