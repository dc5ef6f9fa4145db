import { type Kysely, sql } from 'kysely';
import { dayOf, instantOf } from '../../domain/instant.ts';
import { type CountSpan, dayToCount, hourNoOf } from '../../domain/usage.ts';
import type { Database } from '../schema.ts';
import { type HourRange, sumChanged } from './sum-hours.ts';

/** The others are found the next time. */
const DAYS_MAX = 10_000;
/** Of a Company, 2,400 hours; between two such looks it can be ended. */
const DAYS_AT_ONCE = 100;
const COMPANIES_AT_ONCE = 1_000;

/**
 * Compares the Usage of all Companies with the Ledger, Company by Company, and gives the UTC days on
 * which they differ as they are found: whoever is ended meanwhile has had the ones before.
 *
 * @param wanted.isTodayMeant Whether the current day, too, on which there is nearly always something
 *                            under way.
 * @param run.nowMs           Milliseconds since 1970.
 * @param run.random          Chooses the first Company: if a night is too short for all of them, not
 *                            always the same ones are left out.
 * @param run.signal          Ends it between two looks.
 */
export async function* findUncounted(
  db: Kysely<Database>,
  { isTodayMeant }: { isTodayMeant: boolean },
  { nowMs, random, signal }: { nowMs: number; random: () => number; signal: AbortSignal },
): AsyncGenerator<{ companyId: string; span: CountSpan }> {
  const before = isTodayMeant ? '9999-12-31' : dayOf(instantOf(nowMs));
  let days = 0;
  for await (const { companyNo, companyId } of eachCompany(db, random)) {
    for await (const day of uncountedDays(db, { companyNo, before }, signal)) {
      yield { companyId, span: dayToCount(day) };
      if ((days += 1) === DAYS_MAX) return;
    }
  }
}

interface Company {
  readonly companyNo: number;
  readonly companyId: string;
}

/** From one of them to the last, and then those before it. */
async function* eachCompany(db: Kysely<Database>, random: () => number): AsyncGenerator<Company> {
  const { rows } = await sql<{ last: number | null }>`
    select max(company_no) as last from companies`.execute(db);
  const last = rows[0]?.last ?? 0;
  const first = Math.floor(random() * last);
  yield* companiesBetween(db, { after: first, upTo: last });
  yield* companiesBetween(db, { after: 0, upTo: first });
}

async function* companiesBetween(
  db: Kysely<Database>,
  { after, upTo }: { after: number; upTo: number },
): AsyncGenerator<Company> {
  for (let last = after; ;) {
    const { rows } = await sql<Company>`
      select company_no as companyNo, company_id as companyId from companies
      where company_no > ${last} and company_no <= ${upTo}
      order by company_no limit ${COMPANIES_AT_ONCE}`.execute(db);
    yield* rows;
    const newest = rows.at(-1);
    if (!newest) return;
    last = newest.companyNo;
  }
}

/** The latest first. */
async function* uncountedDays(
  db: Kysely<Database>,
  wanted: { companyNo: number; before: string },
  signal: AbortSignal,
): AsyncGenerator<string> {
  const { companyNo } = wanted;
  for (let { before } = wanted; ;) {
    signal.throwIfAborted();
    const kept = await readKept(db, { companyNo, before });
    const [latest, earliest] = [kept[0]?.day, kept.at(-1)?.day];
    if (latest === undefined || earliest === undefined) return;
    const first = firstHourOf(earliest);
    const counted = await readCounted(db, { companyNo, first, last: firstHourOf(latest) + 23 });
    for (const { day, messages } of kept) {
      if (Number(messages) !== (counted.get(firstHourOf(day) / 24) ?? 0)) yield day;
    }
    before = earliest;
  }
}

const firstHourOf = (day: string) => hourNoOf(Date.parse(dayToCount(day).from));

/** What the Ledger says of the latest days before one. */
async function readKept(
  db: Kysely<Database>,
  { companyNo, before }: { companyNo: number; before: string },
) {
  const { rows } = await sql<{ day: string; messages: string }>`
    select day, sum(stored_total - erased) as messages from ledger
    where company_no = ${companyNo} and day < ${before}
    group by day order by day desc limit ${DAYS_AT_ONCE}`.execute(db);
  return rows;
}

/** What was counted, by the number of the day. */
async function readCounted(db: Kysely<Database>, range: HourRange): Promise<Map<number, number>> {
  const rows = await readDays(db, range);
  if (rows.every(({ changed }) => Number(changed) === 0)) return messagesByDay(rows);
  // Of a Company that nobody reads, the last hours are not summed yet.
  await sumChanged(db, range);
  return messagesByDay(await readDays(db, range));
}

/** Big integers come as text. */
type DayRow = Readonly<Record<'dayNo' | 'messages' | 'changed', string>>;

async function readDays(
  db: Kysely<Database>,
  { companyNo, first, last }: HourRange,
): Promise<DayRow[]> {
  const { rows } = await sql<DayRow>`
    select floor(hour_no / 24) as dayNo,
      sum(user_count + bot_count + agent_count + system_count) as messages,
      sum(changes <> summed) as changed
    from company_usage
    where company_no = ${companyNo} and hour_no >= ${first} and hour_no <= ${last}
    group by dayNo`.execute(db);
  return rows;
}

const messagesByDay = (rows: readonly DayRow[]) =>
  new Map(rows.map(({ dayNo, messages }) => [Number(dayNo), Number(messages)]));
