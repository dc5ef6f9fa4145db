import { type Kysely, sql } from 'kysely';
import { dayOf, instantOf } from '../../domain/instant.ts';
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
  const { rows } = await sql<{ tokens: string | null }>`
    select sum(tokens_input + tokens_output) as tokens
    from summaries force index (summaries_by_day)
    where company_no = ${companyNo} and made_at >= ${dayOf(instantOf(nowMs))}`.execute(db);
  return Number(rows[0]?.tokens ?? 0);
}
