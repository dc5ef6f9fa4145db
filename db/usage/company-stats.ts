import type { Kysely } from 'kysely';
import type { MessagesByRole, Quantiles, Sentiments } from '../../domain/stats.ts';
import { bucketAt, type HourEdges } from '../../domain/stats-buckets.ts';
import {
  mergeWaits,
  newWaitSketch,
  type WaitSketch,
  waitsFromBytes,
} from '../../domain/wait-sketch.ts';
import type { CompanyUsageTable, Database, Datetime } from '../schema.ts';
import { readLives } from './lives.ts';
import { eachNumber, openDistinct } from './number-set.ts';
import { readSentiments } from './sentiments.ts';
import { type HourRange, sumChanged } from './sum-hours.ts';

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
  readonly sentiments: Sentiments;
}

export interface CompanySpan {
  readonly companyNo: number;
  readonly edges: HourEdges;
  /** The moment of the first edge. */
  readonly from: Datetime;
}

/** What was counted of a Company: everything out of sums and indexes, no Message is read. */
export async function readCompanyCounts(db: Kysely<Database>, span: CompanySpan): Promise<Counted> {
  const [sums, lives, sentiments] = await Promise.all([
    readSums(db, span),
    readLives(db, span),
    readSentiments(db, span),
  ]);
  return { ...sums, ...lives, sentiments };
}

async function readSums(db: Kysely<Database>, { companyNo, edges }: CompanySpan) {
  const range = { companyNo, first: edges[0] ?? 0, last: (edges.at(-1) ?? 0) - 1 };
  const [waits, firstWaits] = [newWaitSketch(), newWaitSketch()];
  const conversations = openDistinct(edges.length - 1);
  const clients = openDistinct(edges.length - 1);
  const hours: HourCounts[] = [];
  for await (const row of readHours(db, range)) {
    if (row.waits) mergeWaits(waits, waitsFromBytes(row.waits));
    if (row.first_waits) mergeWaits(firstWaits, waitsFromBytes(row.first_waits));
    const bucket = bucketAt(edges, row.hour_no);
    eachNumber(row.conversation_nos, (number) => conversations.add(number, bucket));
    eachNumber(row.client_nos, (number) => clients.add(number, bucket));
    hours.push({
      hourNo: row.hour_no,
      messages: messagesOf(row),
      bytes: Number(row.content_bytes),
      opened: row.conversations_opened,
    });
  }
  const perBucket = conversations.perBucket.map((count, bucket) => {
    return { conversations: count, clients: clients.perBucket[bucket] ?? 0 };
  });
  const all = { conversations: conversations.all(), clients: clients.all() };
  return { hours, waits, firstWaits, distinct: { perBucket, all } };
}

/** A month: of a busy Company a row takes some ten kilobytes. */
const HOURS_PER_QUERY_MAX = 31 * 24;

/** The sums of hours, as they are now; in order. */
export async function* readHours(
  db: Kysely<Database>,
  { companyNo, first, last }: HourRange,
): AsyncGenerator<CompanyUsageTable> {
  await sumChanged(db, { companyNo, first, last });
  for (let from = first; from <= last; from += HOURS_PER_QUERY_MAX) {
    const rows = await db
      .selectFrom('company_usage')
      .selectAll()
      .where('company_no', '=', companyNo)
      .where('hour_no', '>=', from)
      .where('hour_no', '<=', Math.min(last, from + HOURS_PER_QUERY_MAX - 1))
      .orderBy('hour_no')
      .execute();
    yield* rows;
  }
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
