import { type Kysely, sql } from 'kysely';
import type { ArchiveBatch } from '../domain/archive.ts';
import { SMALL_ROWS_MAX } from './cold/compact.ts';
import { ROWS_PER_SEGMENT_MAX } from './cold/row-groups.ts';
import { type Instant, instantOf } from '../domain/instant.ts';
import { fromDatetime, toDatetime } from './datetime.ts';
import type { Names } from './names.ts';
import type { Database, Datetime } from './schema.ts';
import { readAges } from './tier-ages.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/**
 * Messages leave the hot tier four times a day: moved hour by hour, the same Conversations are
 * touched so often that warm's pages break, and take 110 bytes a Message instead of 100.
 */
const STEP_MS = 6 * HOUR_MS;

/** What a hand may want otherwise than the schedule. */
export interface RipeWanted {
  readonly companyId?: string | undefined;
  /** What is older than this, whatever the ages say. */
  readonly before?: Instant | undefined;
}

/** What is old enough to leave the hot tier, by Company; all of the step that is over. */
export async function findRipeInHot(
  db: Kysely<Database>,
  nowMs: number,
  { companyId, before }: RipeWanted = {},
): Promise<ArchiveBatch[]> {
  const agesOf = await readAges(db);
  const { rows } = await sql<{ companyNo: number; companyId: string; oldest: Datetime }>`
    select company.company_no as companyNo, company.company_id as companyId,
      (select min(hot.created_at) from messages_hot as hot
        where hot.company_no = company.company_no) as oldest
    from companies as company
    where ${companyId === undefined ? sql`true` : sql`company.company_id = ${companyId}`}
    having oldest is not null
    order by company.company_no`.execute(db);
  return rows.flatMap((row) => {
    const ripeMs = nowMs - agesOf(row.companyNo).hotHours * HOUR_MS;
    const until = before ?? instantOf(Math.floor(ripeMs / STEP_MS) * STEP_MS);
    if (fromDatetime(row.oldest) >= until) return [];
    return [{ companyId: row.companyId, tier: 'hot', before: until }];
  });
}

/** What is old enough to leave the warm tier, by Company and UTC day; and what was begun. */
export async function findRipeInWarm(
  db: Kysely<Database>,
  nowMs: number,
  { companyId, before }: RipeWanted = {},
): Promise<ArchiveBatch[]> {
  const agesOf = await readAges(db);
  const ofCompany = companyId === undefined ? sql`true` : sql`company_id = ${companyId}`;
  const { rows } = await sql<DueDay>`
    select due.company_no as companyNo, company_id as companyId, day, sum(messages) as messages,
      exists (select 1 from restored_spans as kept
        where kept.company_no = due.company_no and kept.until_at > utc_timestamp(3)
          and kept.from_at < day + interval 1 day and kept.to_at > day) as isKept
    from (
      select company_no, day, sum(warm) as messages from ledger
      group by company_no, day having messages > 0
      union all
      select company_no, day, 0 from segments where state = 'writing' and made_by = 'move'
      union all
      select segment.company_no, held.day, 0 from segments as segment
      join segment_days as held on held.segment_id = segment.segment_id
      where segment.state = 'live' and segment.is_cleared = 0
    ) as due join companies on companies.company_no = due.company_no
    where ${ofCompany}
    group by due.company_no, company_id, day
    order by due.company_no, day`.execute(db);
  const ripe = rows.filter((row) => {
    const ripeMs = nowMs - agesOf(row.companyNo).warmDays * DAY_MS;
    const endOfDay = instantOf(Date.parse(`${row.day}T00:00:00Z`) + DAY_MS);
    return endOfDay <= (before ?? instantOf(ripeMs));
  });
  return groupDays(ripe).map(({ lastDay, ...group }) => {
    const { day } = group;
    return { companyId: group.companyId, tier: 'warm', day, ...(lastDay !== day && { lastDay }) };
  });
}

interface DueDay {
  readonly companyNo: number;
  readonly companyId: string;
  readonly day: string;
  readonly messages: string;
  /** Whether it was restored, and is to stay warm for a while. */
  readonly isKept: number | string;
}

/**
 * Days of a month that fill one Segment together: whoever is behind, or gets an old history, need
 * not write a Segment for each of them.
 *
 * @param days By Company, and sorted; kept ones are left out.
 */
function groupDays(days: readonly DueDay[]) {
  const groups: { companyId: string; day: string; lastDay: string; messages: number }[] = [];
  let mayJoin = false;
  for (const { companyId, day, isKept, ...due } of days) {
    const messages = Number(due.messages);
    const open = groups.at(-1);
    const isNext = open?.companyId === companyId && open.day.slice(0, 7) === day.slice(0, 7);
    if (Number(isKept) === 1) {
      mayJoin = false; // What comes after it is not next to what came before.
    } else if (mayJoin && isNext && open.messages + messages <= ROWS_PER_SEGMENT_MAX) {
      open.lastDay = day;
      open.messages += messages;
    } else {
      groups.push({ companyId, day, lastDay: day, messages });
      mayJoin = true;
    }
  }
  return groups;
}

/** Months of which all is cold, in Segments that are small and several. */
export async function findRipeInCold(
  db: Kysely<Database>,
  nowMs: number,
  { companyId }: RipeWanted = {},
): Promise<ArchiveBatch[]> {
  const agesOf = await readAges(db);
  const ofCompany = companyId === undefined ? sql`true` : sql`company_id = ${companyId}`;
  const { rows } = await sql<{ companyNo: number; companyId: string; month: string }>`
    select segments.company_no as companyNo, company_id as companyId, left(day, 7) as month
    from segments join companies on companies.company_no = segments.company_no
    where state = 'live' and is_cleared = 1 and row_count < ${SMALL_ROWS_MAX} and ${ofCompany}
    group by segments.company_no, company_id, left(day, 7)
    -- Those that compaction made are not made smaller by it.
    having count(*) > 1 and sum(made_by <> 'compact') > 0
    order by segments.company_no, month`.execute(db);
  return rows.flatMap((row) => {
    const ripeMs = nowMs - agesOf(row.companyNo).warmDays * DAY_MS;
    if (`${row.month}-32` > instantOf(ripeMs)) return []; // Not all of its days are cold yet.
    return [{ companyId: row.companyId, tier: 'cold', month: row.month }];
  });
}

/** How many Messages of it are there. */
export async function countRipe(
  { db, names }: { db: Kysely<Database>; names: Names },
  batch: ArchiveBatch,
): Promise<number> {
  const companyNo = (await names.companyNo(batch.companyId)) ?? 0;
  if (batch.tier === 'cold') {
    const month = await sql<{ messages: string | null }>`
      select sum(row_count) as messages from segments
      where company_no = ${companyNo} and state = 'live' and is_cleared = 1
        and row_count < ${SMALL_ROWS_MAX} and left(day, 7) = ${batch.month}`.execute(db);
    return Number(month.rows[0]?.messages ?? 0);
  }
  if (batch.tier === 'warm') {
    const day = await sql<{ messages: string | null }>`
      select sum(warm) as messages from ledger
      where company_no = ${companyNo} and day between ${batch.day} and ${batch.lastDay ?? batch.day}`.execute(
      db,
    );
    return Number(day.rows[0]?.messages ?? 0);
  }
  const { rows } = await sql<{ messages: string }>`
    select count(*) as messages from messages_hot
    where company_no = ${companyNo} and created_at < ${toDatetime(batch.before)}`.execute(db);
  return Number(rows[0]?.messages ?? 0);
}
