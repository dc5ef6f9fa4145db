import { type Kysely, sql } from 'kysely';
import { type Instant, instantOf } from '../domain/instant.ts';
import { fromDatetime, toDatetime } from './datetime.ts';
import type { KeyedMessage } from './keyed-message.ts';
import type { Database, Datetime } from './schema.ts';
import { readAges } from './tier-ages.ts';

/** From when on a Company's Messages are in no lower tier; null: none ever is. */
export interface Boundaries {
  readonly hotSince: Instant | null;
  readonly warmSince: Instant | null;
}

const HOUR_MS = 3_600_000;
/**
 * Messages younger than this are in the hot tier whatever a boundary says: the shortest age is an
 * hour, and no two clocks differ by half of one.
 */
const YOUNG_MS = HOUR_MS / 2;

/** Before it, a Message may belong into a lower tier, or be there already. */
export function youngSince(nowMs: number): Instant {
  return instantOf(nowMs - YOUNG_MS);
}

/**
 * Declares that the hot tier no longer has all of what is older than its age, where one of these
 * rows is so old: then it is stored below. In a statement of its own, as it locks the Company.
 */
export async function raiseBoundaries(
  db: Kysely<Database>,
  rows: readonly KeyedMessage[],
  nowMs: number,
): Promise<void> {
  const companies = Map.groupBy(rows, (row) => row.companyNo);
  const agesOf = await readAges(db);
  const boundaries = await readBoundaries(db, [...companies.keys()]);
  for (const [companyNo, own] of companies) {
    const before = instantOf(nowMs - agesOf(companyNo).hotHours * HOUR_MS);
    const since = boundaries.get(companyNo)?.hotSince ?? '';
    const isDue = own.some(
      ({ message: { createdAt } }) => createdAt < before && createdAt >= since,
    );
    if (isDue) await raise(db, companyNo, before);
  }
}

async function raise(db: Kysely<Database>, companyNo: number, before: Instant): Promise<void> {
  const datetime = toDatetime(before);
  await sql`update companies set hot_since = greatest(coalesce(hot_since, ${datetime}), ${datetime})
    where company_no = ${companyNo}`.execute(db);
}

/** Until the transaction ends, nothing of the Company moves, and nothing that is late is stored. */
export async function lockCompany(transaction: Kysely<Database>, companyNo: number): Promise<void> {
  await sql`select company_no from companies where company_no = ${companyNo}
    for update`.execute(transaction);
}

/**
 * Reads boundaries and holds them: until the transaction ends, nothing of these Companies changes
 * its tier.
 */
export function lockBoundaries(
  transaction: Kysely<Database>,
  companyNos: readonly number[],
): Promise<Map<number, Boundaries>> {
  return readBoundaries(transaction, companyNos, 'lock in share mode');
}

async function readBoundaries(
  db: Kysely<Database>,
  companyNos: readonly number[],
  lock: '' | 'lock in share mode' = '',
): Promise<Map<number, Boundaries>> {
  const { rows } = await sql<{
    companyNo: number;
    hotSince: Datetime | null;
    warmSince: Datetime | null;
  }>`
    select company_no as companyNo, hot_since as hotSince, warm_since as warmSince
    from companies where company_no in (${sql.join(companyNos)})
    order by company_no ${sql.raw(lock)}`.execute(db);
  return new Map(
    rows.map(({ companyNo, hotSince, warmSince }) => [
      companyNo,
      {
        hotSince: hotSince && fromDatetime(hotSince),
        warmSince: warmSince && fromDatetime(warmSince),
      },
    ]),
  );
}
