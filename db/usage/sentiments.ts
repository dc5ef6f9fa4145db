import { type Kysely, sql } from 'kysely';
import type { Sentiments } from '../../domain/stats.ts';
import type { Sentiment } from '../../domain/summary.ts';
import type { Database, Datetime } from '../schema.ts';

/**
 * How the Conversations went that spoke since a moment, as their latest Summaries say; those that have
 * none are in no count.
 *
 * @param wanted.clientNo Only those that this Client began.
 */
export async function readSentiments(
  db: Kysely<Database>,
  wanted: { companyNo: number; from: Datetime; clientNo?: number },
): Promise<Sentiments> {
  const { companyNo, from, clientNo } = wanted;
  const ofClient =
    clientNo === undefined
      ? sql``
      : sql`and conversation_no in (
          select conversation_no from conversations where client_no = ${clientNo}
        )`;
  const { rows } = await sql<{ label: Sentiment['label']; count: number | string }>`
    select sentiment as label, count(*) as count from summaries
    where company_no = ${companyNo} and is_latest = 1 and up_to_at >= ${from} ${ofClient}
    group by sentiment`.execute(db);
  const counts: Sentiments = { negative: 0, neutral: 0, positive: 0 };
  for (const { label, count } of rows) counts[label] = Number(count);
  return counts;
}
