import { type Kysely, sql } from 'kysely';
import { instantOf, HOUR_MS } from '../../domain/instant.ts';
import type { Role } from '../../domain/message.ts';
import type {
  ClientWeek,
  ConversationSeen,
  HourOfAnswers,
  HourOfMessages,
  Observations,
  Span,
  SummarySeen,
} from '../../domain/patterns/observations.ts';
import type { Sentiment } from '../../domain/summary.ts';
import { hourNoOf } from '../../domain/usage.ts';
import { waitsFromBytes } from '../../domain/wait-sketch.ts';
import { fromDatetime, toDatetime } from '../datetime.ts';
import type { Database, Datetime } from '../schema.ts';
import { messagesOf, readHours as readCompanyHours } from '../usage/company-stats.ts';
import { sizeOf } from '../usage/number-set.ts';

/** How much is looked at: all of it is in memory at once, beside all else that a worker does. */
export interface Limits {
  /** Of more in a span, the newest. */
  readonly conversationsMax: number;
  readonly summariesMax: number;
  /** Of more, those of a sample of the Clients. */
  readonly clientWeeksMax: number;
}

/**
 * Measured over a year of 60,000 Conversations and as many Clients: so many fit into a heap of 80 MB,
 * with all else that is in it. Of 50,000, 50,000 and 100,000, not even 120 MB are enough.
 */
const LIMITS: Limits = { conversationsMax: 20_000, summariesMax: 20_000, clientWeeksMax: 40_000 };

interface Wanted {
  readonly companyNo: number;
  readonly span: Span;
}

/**
 * What was counted and summarized of a Company in a span: no Message is read.
 *
 * @param signal Ends it between two steps.
 */
export async function observe(
  db: Kysely<Database>,
  wanted: Wanted,
  signal: AbortSignal,
  limits = LIMITS,
): Promise<Observations> {
  const hours = await readHours(db, wanted);
  signal.throwIfAborted();
  const conversations = await readConversations(db, wanted, limits.conversationsMax);
  signal.throwIfAborted();
  const summaries = await readSummaries(db, wanted, limits.summariesMax);
  signal.throwIfAborted();
  const sample = await chooseClients(db, wanted, limits.clientWeeksMax);
  signal.throwIfAborted();
  const clientWeeks = await readClientWeeks(db, wanted, sample);
  const { from } = wanted.span;
  const isCut = conversations.length === limits.conversationsMax;
  const areSummariesCut = summaries.length === limits.summariesMax;
  return {
    ...hours,
    conversations,
    conversationsFrom: (isCut && conversations.at(-1)?.lastMessageAt) || from,
    summaries,
    summariesFrom: (areSummariesCut && summaries.at(-1)?.at) || from,
    clientWeeks,
    clientShare: sample.buckets / BUCKETS,
  };
}

const hoursOf = ({ from, to }: Span) => ({
  first: hourNoOf(Date.parse(from)),
  last: hourNoOf(Date.parse(to) - 1),
});

async function readHours(db: Kysely<Database>, { companyNo, span }: Wanted) {
  const { first, last } = hoursOf(span);
  const hours: HourOfMessages[] = [];
  const answers: HourOfAnswers[] = [];
  for await (const row of readCompanyHours(db, { companyNo, first, last })) {
    const hour = instantOf(row.hour_no * HOUR_MS);
    hours.push({
      hour,
      ...messagesOf(row),
      clients: sizeOf(row.client_nos),
      conversationsOpened: row.conversations_opened,
      conversationsActive: sizeOf(row.conversation_nos),
    });
    const waits = row.waits && waitsFromBytes(row.waits);
    if (waits && waits.count > 0) answers.push({ hour, waits });
  }
  return { hours, answers };
}

/**
 * Who spoke last stands in the row of the hour in which that was. Where several Clients spoke in that
 * hour each has a row, and which of them is the last one no row tells: then it is known only if all
 * say the same.
 */
async function readConversations(
  db: Kysely<Database>,
  { companyNo, span }: Wanted,
  conversationsMax: number,
): Promise<ConversationSeen[]> {
  const { rows } = await sql<{
    conversationId: string;
    clientId: string;
    firstAt: Datetime;
    lastAt: Datetime;
    messageCount: number;
    lastRole: Role | null;
  }>`
    select conversation.conversation_id as conversationId, client.client_id as clientId,
      conversation.first_message_at as firstAt, conversation.last_message_at as lastAt,
      conversation.message_count as messageCount,
      (
        select if(min(used.last_role) = max(used.last_role), min(used.last_role), null)
        from conversation_usage as used
        where used.company_no = conversation.company_no
          and used.hour_no = floor((to_seconds(conversation.last_message_at)
            - to_seconds('1970-01-01')) / 3600)
          and used.conversation_no = conversation.conversation_no
      ) as lastRole
    from conversations as conversation
    join clients as client on client.client_no = conversation.client_no
    where conversation.company_no = ${companyNo}
      and conversation.last_message_at >= ${toDatetime(span.from)}
      and conversation.last_message_at < ${toDatetime(span.to)}
    order by conversation.last_message_at desc, conversation.conversation_no desc
    limit ${conversationsMax}`.execute(db);
  return rows.map(({ firstAt, lastAt, ...row }) => ({
    ...row,
    firstMessageAt: fromDatetime(firstAt),
    lastMessageAt: fromDatetime(lastAt),
  }));
}

/** 1970 began on a Thursday: so many hours after a Monday. */
const THURSDAY_HOURS = 72;
const WEEK_HOURS = 168;

const weekNoOf = sql`floor((hour_no + ${sql.lit(THURSDAY_HOURS)}) / ${sql.lit(WEEK_HOURS)})`;

/** Clients are spread over so many buckets by a hash of their numbers. */
const BUCKETS = 1_024;
const bucketOf = sql`mod(crc32(client_no), ${sql.lit(BUCKETS)})`;

/** Clients whose bucket is less than this: whole Clients, and the same ones each time. */
interface Sample {
  readonly buckets: number;
}

/** As many as have no more weeks than there is room for. */
async function chooseClients(
  db: Kysely<Database>,
  { companyNo, span }: Wanted,
  clientWeeksMax: number,
): Promise<Sample> {
  const { first, last } = hoursOf(span);
  const { rows } = await sql<Record<'bucket' | 'weeks', string>>`
    select ${bucketOf} as bucket, count(distinct client_no, ${weekNoOf}) as weeks
    from conversation_usage
    where company_no = ${companyNo} and hour_no >= ${first} and hour_no <= ${last}
    group by bucket
    order by bucket`.execute(db);
  let room = clientWeeksMax;
  for (const { bucket, weeks } of rows) {
    room -= Number(weeks);
    if (room < 0) return { buckets: Number(bucket) };
  }
  return { buckets: BUCKETS };
}

async function readClientWeeks(
  db: Kysely<Database>,
  { companyNo, span }: Wanted,
  { buckets }: Sample,
): Promise<ClientWeek[]> {
  const { first, last } = hoursOf(span);
  // Big integers come as text.
  const { rows } = await sql<Record<'clientId' | 'weekNo' | 'conversations', string>>`
    select client.client_id as clientId, week.weekNo, week.conversations
    from (
      select client_no, ${weekNoOf} as weekNo,
        count(distinct conversation_no) as conversations
      from conversation_usage
      where company_no = ${companyNo} and hour_no >= ${first} and hour_no <= ${last}
        and ${bucketOf} < ${buckets}
      group by client_no, weekNo
    ) as week
    join clients as client on client.client_no = week.client_no`.execute(db);
  return rows.map(({ clientId, weekNo, conversations }) => ({
    clientId,
    week: instantOf((Number(weekNo) * WEEK_HOURS - THURSDAY_HOURS) * HOUR_MS).slice(0, 10),
    conversations: Number(conversations),
  }));
}

async function readSummaries(
  db: Kysely<Database>,
  { companyNo, span }: Wanted,
  summariesMax: number,
): Promise<SummarySeen[]> {
  const { rows } = await sql<{
    conversationId: string;
    clientId: string;
    at: Datetime;
    tags: string;
    score: number;
    label: Sentiment['label'];
  }>`
    select conversation.conversation_id as conversationId, client.client_id as clientId,
      summary.up_to_at as at, summary.tags, summary.sentiment_score as score,
      summary.sentiment as label
    from summaries as summary
    join conversations as conversation
      on conversation.conversation_no = summary.conversation_no
    join clients as client on client.client_no = conversation.client_no
    where summary.company_no = ${companyNo} and summary.is_latest = 1
      and summary.up_to_at >= ${toDatetime(span.from)} and summary.up_to_at < ${toDatetime(span.to)}
    order by summary.up_to_at desc, summary.conversation_no desc
    limit ${summariesMax}`.execute(db);
  return rows.map(({ at, tags, ...row }) => ({
    ...row,
    at: fromDatetime(at),
    tags: JSON.parse(tags) as string[],
  }));
}
