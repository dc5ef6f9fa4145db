import { type Kysely, sql } from 'kysely';
import type { Instant } from '../../domain/instant.ts';
import { toDatetime } from '../datetime.ts';
import type { Database } from '../schema.ts';
import { type CompanyDays, spanOfDays } from './read-days.ts';

/** From `from` to `to`, which is not included, no Message of the Company goes cold until a moment. */
export async function keepWarm(
  db: Kysely<Database>,
  span: { companyNo: number; from: Instant; to: Instant; until: Instant },
): Promise<void> {
  await db
    .insertInto('restored_spans')
    .values({
      company_no: span.companyNo,
      from_at: toDatetime(span.from),
      to_at: toDatetime(span.to),
      until_at: toDatetime(span.until),
    })
    .execute();
}

/** Whether part of these days is to stay warm for now. */
export async function isKeptWarm(db: Kysely<Database>, days: CompanyDays): Promise<boolean> {
  const { from, to } = spanOfDays(days);
  const { rows } = await sql<{ isKept: number | string }>`
    select exists (select 1 from restored_spans
      where company_no = ${days.companyNo} and until_at > utc_timestamp(3)
        and from_at < ${to} and to_at > ${from}) as isKept`.execute(db);
  return Number(rows[0]?.isKept) === 1;
}
