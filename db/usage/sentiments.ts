import { type Kysely, sql } from 'kysely';
import type { Sentiments } from '../../domain/stats.ts';
import type { Sentiment } from '../../domain/summary.ts';
import type { Database, Datetime } from '../schema.ts';

interface SentimentsWanted {
  readonly companyNo: number;
  readonly from: Datetime;
  /** Only those that this Client began. */
  readonly clientNo?: number;
}

/**
 * How the Conversations went that spoke since a moment, as their latest Summaries say; those that have
 * none are in no count.
 */
export async function readSentiments(
  db: Kysely<Database>,
  wanted: SentimentsWanted,
): Promise<Sentiments> {
  const { rows } = await sentimentsQuery(wanted).execute(db);
  const counts: Sentiments = { negative: 0, neutral: 0, positive: 0 };
  for (const { label, count } of rows) counts[label] = Number(count);
  return counts;
}

/** From `summaries_by_span` alone: a row of `summaries` is wide. */
export function sentimentsQuery({ companyNo, from, clientNo }: SentimentsWanted) {
  const ofClient =
    clientNo === undefined
      ? sql``
      : sql`and conversation_no in (
          select conversation_no from conversations where client_no = ${clientNo}
        )`;
  return sql<{ label: Sentiment['label']; count: number | string }>`
    select sentiment as label, count(*) as count from summaries
    where company_no = ${companyNo} and is_latest = 1 and up_to_at >= ${from} ${ofClient}
    group by sentiment`;
}
