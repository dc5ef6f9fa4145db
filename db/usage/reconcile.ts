import { type Kysely, sql } from 'kysely';
import { dayOf, instantOf } from '../../domain/instant.ts';
import { type CountSpan, dayToCount } from '../../domain/usage.ts';
import type { Database } from '../schema.ts';
import { type HourRange, sumChanged } from './sum-hours.ts';

/** The others are found the next time. */
const DAYS_MAX = 10_000;

/**
 * Compares the Usage of all Companies with the Ledger, and gives the UTC days on which they differ.
 *
 * @param wanted.isTodayMeant Whether the current day, too, on which there is nearly always something
 *                            under way.
 * @param nowMs               Milliseconds since 1970.
 */
export async function findUncounted(
  db: Kysely<Database>,
  { isTodayMeant }: { isTodayMeant: boolean },
  nowMs: number,
): Promise<{ companyId: string; span: CountSpan }[]> {
  await sumAllChanged(db);
  const end = isTodayMeant ? '9999-12-31' : dayOf(instantOf(nowMs));
  const { rows } = await sql<{ companyId: string; day: string }>`
    select company.company_id as companyId, kept.day
    from (
      select company_no, day, sum(stored_total - erased) as messages
      from ledger where day < ${end} group by company_no, day
    ) as kept
    left join (
      select company_no, floor(hour_no / 24) as day_no,
        sum(user_count + bot_count + agent_count + system_count) as messages
      from company_usage group by company_no, floor(hour_no / 24)
    ) as counted
      on counted.company_no = kept.company_no
      and counted.day_no = to_days(kept.day) - to_days('1970-01-01')
    join companies as company on company.company_no = kept.company_no
    where kept.messages <> coalesce(counted.messages, 0)
    order by kept.day desc
    limit ${DAYS_MAX}`.execute(db);
  return rows.map(({ companyId, day }) => ({ companyId, span: dayToCount(day) }));
}

/** Of a Company that nobody reads, the last hours are not summed yet. */
async function sumAllChanged(db: Kysely<Database>): Promise<void> {
  const { rows } = await sql<HourRange>`
    select company_no as companyNo, min(hour_no) as first, max(hour_no) as last
    from company_usage where changes <> summed group by company_no`.execute(db);
  for (const range of rows) await sumChanged(db, range);
}
