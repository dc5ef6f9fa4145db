import { type Kysely, sql } from 'kysely';
import { DAY_MS, dayOf, instantOf } from '../../domain/instant.ts';
import { comparePlaces, type KeyedMessage } from '../keyed-message.ts';
import type { Database } from '../schema.ts';
import { readAges } from '../tier-ages.ts';
import type { CompanyMonth } from './compact.ts';

/** Some Messages of one Company and month, in the order of a Segment. */
export interface MonthOfRows extends CompanyMonth {
  readonly rows: readonly KeyedMessage[];
}

/**
 * Parts those that need not wait in warm: of days that are old enough to be cold, and many. What the
 * schedule would make of them is made at once, and MySQL holds no row of them in between.
 *
 * @param options.rowsMin Fewer of a month are not worth an object.
 * @param options.nowMs   Milliseconds since 1970.
 */
export async function partStraight(
  db: Kysely<Database>,
  rows: readonly KeyedMessage[],
  { rowsMin, nowMs }: { rowsMin: number; nowMs: number },
): Promise<{ straight: MonthOfRows[]; others: KeyedMessage[] }> {
  const agesOf = await readAges(db);
  const keptWarm = await findKeptWarm(db);
  const groups = Map.groupBy(rows, ({ companyNo, message }) => {
    const coldBefore = dayOf(instantOf(nowMs - agesOf(companyNo).warmDays * DAY_MS));
    const isCold = dayOf(message.createdAt) < coldBefore && !keptWarm.has(companyNo);
    return isCold ? `${companyNo} ${message.createdAt.slice(0, 7)}` : null;
  });
  const straight: MonthOfRows[] = [];
  const others: KeyedMessage[] = [];
  for (const [key, own] of groups) {
    if (key === null || own.length < rowsMin) for (const row of own) others.push(row);
    else straight.push(monthOf(own));
  }
  return { straight, others };
}

/** Companies that had something restored, which is to stay where it is for a while. */
async function findKeptWarm(db: Kysely<Database>): Promise<Set<number>> {
  const rows = await db
    .selectFrom('restored_spans')
    .select('company_no')
    .distinct()
    .where('until_at', '>', sql<string>`utc_timestamp(3)`)
    .execute();
  return new Set(rows.map((row) => row.company_no));
}

/** @param rows At least one; all of one Company and month. */
export function monthOf(rows: readonly KeyedMessage[]): MonthOfRows {
  const [first] = rows;
  if (!first) throw new Error('a month of no Messages');
  const { companyNo, message } = first;
  return {
    companyNo,
    companyId: message.companyId,
    month: message.createdAt.slice(0, 7),
    rows: rows.toSorted((a, b) => comparePlaces(a, b) || Buffer.compare(a.key, b.key)),
  };
}
