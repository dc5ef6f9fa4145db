import { type Kysely, sql } from 'kysely';
import { dayOf, instantOf } from '../../domain/instant.ts';
import type { Spent } from '../../domain/spent.ts';
import type { Names } from '../names.ts';
import type { Database } from '../schema.ts';

/** Tokens that Summaries of the Company have taken since the UTC day began. */
export async function tokensUsed(
  { db, names }: { db: Kysely<Database>; names: Names },
  companyId: string,
  nowMs: number,
): Promise<number> {
  const companyNo = await names.companyNo(companyId);
  if (companyNo === null) return 0;
  const today = dayOf(instantOf(nowMs));
  const { rows } = await sql<{ kept: string | null; wasted: string | null }>`
    select
      (
        select sum(tokens_input + tokens_output) from summaries force index (summaries_by_day)
        where company_no = ${companyNo} and made_at >= ${today}
      ) as kept,
      (
        select tokens from wasted_tokens where company_no = ${companyNo} and day = ${today}
      ) as wasted`.execute(db);
  return Number(rows[0]?.kept ?? 0) + Number(rows[0]?.wasted ?? 0);
}

/** Charges a Company for what was spent on a Summary that is not kept. */
export async function noteWasted(
  { db, names }: { db: Kysely<Database>; names: Names },
  wasted: { companyId: string; spent: Spent },
  nowMs: number,
): Promise<void> {
  const companyNo = await names.companyNo(wasted.companyId);
  const { input, output } = wasted.spent.tokens;
  if (companyNo === null || input + output === 0) return;
  await sql`
    insert into wasted_tokens (company_no, day, tokens)
    values (${companyNo}, ${dayOf(instantOf(nowMs))}, ${input + output})
    on duplicate key update tokens = tokens + values(tokens)`.execute(db);
}
