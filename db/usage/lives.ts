import { type Kysely, sql } from 'kysely';
import type { Quantiles } from '../../domain/stats.ts';
import type { Database, Datetime } from '../schema.ts';
import { quantilesOfLogs } from './log-quantiles.ts';

/** Of more Conversations, the newest tell how long they are. */
const LIVES_MAX = 200_000;

/**
 * How long Conversations are that spoke since a moment, in Messages and minutes: from
 * `conversations_by_activity` alone.
 *
 * @param wanted.clientNo Only those that this Client began.
 */
export async function readLives(
  db: Kysely<Database>,
  { companyNo, clientNo, from }: { companyNo: number; clientNo?: number; from: Datetime },
): Promise<{ conversationMessages: Quantiles; conversationMinutes: Quantiles }> {
  const ofClient = clientNo === undefined ? sql`` : sql`and client_no = ${clientNo}`;
  const { rows } = await sql<{ messages: number; seconds: number; count: number }>`
    select round(ln(message_count) * 20) as messages,
      round(ln(1 + timestampdiff(second, first_message_at, last_message_at)) * 20) as seconds,
      count(*) as count
    from (
      select message_count, first_message_at, last_message_at from conversations
      where company_no = ${companyNo} and last_message_at >= ${from} ${ofClient}
      order by last_message_at desc
      limit ${LIVES_MAX}
    ) as newest
    group by messages, seconds`.execute(db);
  return {
    conversationMessages: quantilesOfLogs(
      rows.map(({ messages: log, count }) => ({ log, count })),
      (log) => Math.round(Math.exp(log / 20)),
    ),
    conversationMinutes: quantilesOfLogs(
      rows.map(({ seconds: log, count }) => ({ log, count })),
      minutesOfLog,
    ),
  };
}

/** To a tenth. */
function minutesOfLog(log: number): number {
  return Math.round((Math.exp(log / 20) - 1) / 6) / 10;
}
