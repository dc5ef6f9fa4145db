import { type Kysely, sql } from 'kysely';
import { type HourEdges, bucketAt } from '../../domain/stats-buckets.ts';
import { addWait, newWaitSketch } from '../../domain/wait-sketch.ts';
import type { ConversationUsageTable, Database } from '../schema.ts';
import {
  type CompanySpan,
  type Counted,
  type Distinct,
  messagesOf,
  minutesOfLog,
} from './company-stats.ts';
import { quantilesOfLogs } from './log-quantiles.ts';
import { readSentiments } from './sentiments.ts';
import { waitsOf } from './write-usage.ts';

/** What was counted of one Client: few enough rows to be added up here. */
export async function readClientCounts(
  db: Kysely<Database>,
  { companyNo, edges, from, clientNo }: CompanySpan & { clientNo: number },
): Promise<Counted> {
  const rows: ConversationUsageTable[] = await db
    .selectFrom('conversation_usage')
    .selectAll()
    .where('client_no', '=', clientNo)
    .where('company_no', '=', companyNo)
    .where('hour_no', '>=', edges[0] ?? 0)
    .where('hour_no', '<', edges.at(-1) ?? 0)
    .execute();
  const [waits, firstWaits] = [newWaitSketch(), newWaitSketch()];
  for (const row of rows) {
    for (const waitMs of waitsOf(row.waits)) addWait(waits, waitMs);
    if (row.first_wait_ms !== null) addWait(firstWaits, row.first_wait_ms);
  }
  const lives = await readLives(db, { companyNo, clientNo, from });
  const sentiments = await readSentiments(db, { companyNo, clientNo, from });
  return {
    hours: rows.map((row) => ({
      hourNo: row.hour_no,
      messages: messagesOf(row),
      bytes: Number(row.content_bytes),
      opened: row.is_opened,
    })),
    distinct: countDistinct(rows, edges),
    sentiments,
    waits,
    firstWaits,
    conversationMessages: quantilesOfLogs(logsOf(lives, 'messages'), (log) =>
      Math.round(Math.exp(log / 20)),
    ),
    conversationMinutes: quantilesOfLogs(logsOf(lives, 'seconds'), minutesOfLog),
  };
}

function countDistinct(rows: readonly ConversationUsageTable[], edges: HourEdges): Distinct {
  const seen = edges.slice(0, -1).map(() => new Set<number>());
  for (const row of rows) seen[bucketAt(edges, row.hour_no)]?.add(row.conversation_no);
  return {
    perBucket: seen.map(({ size }) => countsOf(size)),
    all: countsOf(new Set(rows.map((row) => row.conversation_no)).size),
  };
}

/** One Client spoke, or none. */
function countsOf(conversations: number) {
  return { conversations, clients: conversations > 0 ? 1 : 0 };
}

interface Life {
  readonly messages: number;
  readonly seconds: number;
}

/** Of the Conversations that the Client began. */
async function readLives(
  db: Kysely<Database>,
  wanted: { companyNo: number; clientNo: number; from: string },
): Promise<Life[]> {
  const { rows } = await sql<{ messages: number; seconds: number | string }>`
    select message_count as messages,
      timestampdiff(second, first_message_at, last_message_at) as seconds
    from conversations
    where client_no = ${wanted.clientNo} and company_no = ${wanted.companyNo}
      and last_message_at >= ${wanted.from}`.execute(db);
  return rows.map(({ messages, seconds }) => ({ messages, seconds: Number(seconds) }));
}

function logsOf(lives: readonly Life[], field: keyof Life) {
  const logOf = (life: Life) =>
    Math.round(20 * Math.log(field === 'seconds' ? life.seconds + 1 : life.messages));
  return lives.map((life) => ({ log: logOf(life), count: 1 }));
}
