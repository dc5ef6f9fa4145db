import { type Kysely, sql } from 'kysely';
import type { MessagesByRole, Quantiles } from '../../domain/stats.ts';
import type { HourEdges } from '../../domain/stats-buckets.ts';
import {
  mergeWaits,
  newWaitSketch,
  type WaitSketch,
  waitsFromBytes,
} from '../../domain/wait-sketch.ts';
import type { Database, Datetime } from '../schema.ts';
import { quantilesOfLogs } from './log-quantiles.ts';

/** What was counted in an hour. */
export interface HourCounts {
  readonly hourNo: number;
  readonly messages: MessagesByRole;
  readonly bytes: number;
  readonly opened: number;
}

/** How many different ones there were in each bucket, and in all of them together. */
export interface Distinct {
  readonly perBucket: readonly { readonly conversations: number; readonly clients: number }[];
  readonly all: { readonly conversations: number; readonly clients: number };
}

export interface Counted {
  readonly hours: readonly HourCounts[];
  readonly distinct: Distinct;
  readonly waits: WaitSketch;
  readonly firstWaits: WaitSketch;
  readonly conversationMessages: Quantiles;
  readonly conversationMinutes: Quantiles;
}

export interface CompanySpan {
  readonly companyNo: number;
  readonly edges: HourEdges;
  /** The moment of the first edge. */
  readonly from: Datetime;
}

/** What was counted of a Company: everything out of sums and indexes, no Message is read. */
export async function readCompanyCounts(db: Kysely<Database>, span: CompanySpan): Promise<Counted> {
  const [sums, distinct, conversationMessages, conversationMinutes] = await Promise.all([
    readSums(db, span),
    readDistinct(db, span),
    readLengths(db, span),
    readDurations(db, span),
  ]);
  return { ...sums, distinct, conversationMessages, conversationMinutes };
}

async function readSums(db: Kysely<Database>, { companyNo, edges }: CompanySpan) {
  const rows = await db
    .selectFrom('company_usage')
    .selectAll()
    .where('company_no', '=', companyNo)
    .where('hour_no', '>=', edges[0] ?? 0)
    .where('hour_no', '<', edges.at(-1) ?? 0)
    .execute();
  const [waits, firstWaits] = [newWaitSketch(), newWaitSketch()];
  const hours: HourCounts[] = [];
  for (const row of rows) {
    if (row.waits) mergeWaits(waits, waitsFromBytes(row.waits));
    if (row.first_waits) mergeWaits(firstWaits, waitsFromBytes(row.first_waits));
    hours.push({
      hourNo: row.hour_no,
      messages: messagesOf(row),
      bytes: Number(row.content_bytes),
      opened: row.conversations_opened,
    });
  }
  return { hours, waits, firstWaits };
}

/** Sums of whole numbers are big integers, and come as text. */
export function messagesOf(row: {
  user_count: number | string;
  bot_count: number | string;
  agent_count: number | string;
  system_count: number | string;
}): MessagesByRole {
  return {
    user: Number(row.user_count),
    bot: Number(row.bot_count),
    agent: Number(row.agent_count),
    system: Number(row.system_count),
  };
}

async function readDistinct(
  db: Kysely<Database>,
  { companyNo, edges }: CompanySpan,
): Promise<Distinct> {
  const starts = edges.slice(0, -1);
  const { rows } = await sql<{
    bucket: number | null;
    conversations: number;
    clients: number;
  }>`
    select interval(hour_no, ${sql.join(starts)}) as bucket,
      count(distinct conversation_no) as conversations, count(distinct client_no) as clients
    from conversation_usage
    where company_no = ${companyNo} and hour_no >= ${edges[0]} and hour_no < ${edges.at(-1)}
    group by bucket with rollup`.execute(db);
  const perBucket = starts.map(() => ({ conversations: 0, clients: 0 }));
  let all = { conversations: 0, clients: 0 };
  for (const { bucket, conversations, clients } of rows) {
    const counts = { conversations: Number(conversations), clients: Number(clients) };
    if (bucket === null) all = counts;
    else perBucket[Number(bucket) - 1] = counts;
  }
  return { perBucket, all };
}

/** From `conversations_by_activity` alone. */
async function readLengths(db: Kysely<Database>, { companyNo, from }: CompanySpan) {
  const { rows } = await sql<{ log: number; count: number }>`
    select round(ln(message_count) * 20) as log, count(*) as count
    from conversations
    where company_no = ${companyNo} and last_message_at >= ${from}
    group by log order by log`.execute(db);
  return quantilesOfLogs(rows, (log) => Math.round(Math.exp(log / 20)));
}

async function readDurations(db: Kysely<Database>, { companyNo, from }: CompanySpan) {
  const { rows } = await sql<{ log: number; count: number }>`
    select round(ln(1 + timestampdiff(second, first_message_at, last_message_at)) * 20) as log,
      count(*) as count
    from conversations
    where company_no = ${companyNo} and last_message_at >= ${from}
    group by log order by log`.execute(db);
  return quantilesOfLogs(rows, minutesOfLog);
}

/** Of a logarithm of seconds, as `readDurations` makes it; to a tenth. */
export function minutesOfLog(log: number): number {
  return Math.round((Math.exp(log / 20) - 1) / 6) / 10;
}
