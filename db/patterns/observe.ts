import { type Kysely, sql } from 'kysely';
import { instantOf } from '../../domain/instant.ts';
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
import { HOUR_MS, hourNoOf } from '../../domain/usage.ts';
import { waitsFromBytes } from '../../domain/wait-sketch.ts';
import { fromDatetime, toDatetime } from '../datetime.ts';
import type { Database, Datetime } from '../schema.ts';
import { messagesOf, readHours as readCompanyHours } from '../usage/company-stats.ts';
import { sizeOf } from '../usage/number-set.ts';

/** The newest ones of a span; of more, those before are not looked at. */
const CONVERSATIONS_MAX = 200_000;
const SUMMARIES_MAX = 50_000;
const CLIENT_WEEKS_MAX = 500_000;

interface Wanted {
  readonly companyNo: number;
  readonly span: Span;
}

/** What was counted and summarized of a Company in a span: no Message is read. */
export async function observe(db: Kysely<Database>, wanted: Wanted): Promise<Observations> {
  return {
    ...(await readHours(db, wanted)),
    conversations: await readConversations(db, wanted),
    clientWeeks: await readClientWeeks(db, wanted),
    summaries: await readSummaries(db, wanted),
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
    if (row.waits) answers.push({ hour, waits: waitsFromBytes(row.waits) });
  }
  return { hours, answers };
}

/** Who spoke last stands in the row of the hour in which that was. */
async function readConversations(
  db: Kysely<Database>,
  { companyNo, span }: Wanted,
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
        select used.last_role from conversation_usage as used
        where used.company_no = conversation.company_no
          and used.hour_no = floor((to_seconds(conversation.last_message_at)
            - to_seconds('1970-01-01')) / 3600)
          and used.conversation_no = conversation.conversation_no
        limit 1
      ) as lastRole
    from conversations as conversation
    join clients as client on client.client_no = conversation.client_no
    where conversation.company_no = ${companyNo}
      and conversation.last_message_at >= ${toDatetime(span.from)}
      and conversation.last_message_at < ${toDatetime(span.to)}
    order by conversation.last_message_at desc
    limit ${CONVERSATIONS_MAX}`.execute(db);
  return rows.map(({ firstAt, lastAt, ...row }) => ({
    ...row,
    firstMessageAt: fromDatetime(firstAt),
    lastMessageAt: fromDatetime(lastAt),
  }));
}

/** 1970 began on a Thursday: so many hours after a Monday. */
const THURSDAY_HOURS = 72;
const WEEK_HOURS = 168;

async function readClientWeeks(
  db: Kysely<Database>,
  { companyNo, span }: Wanted,
): Promise<ClientWeek[]> {
  const { first, last } = hoursOf(span);
  // Big integers come as text.
  const { rows } = await sql<Record<'clientId' | 'weekNo' | 'conversations', string>>`
    select client.client_id as clientId, week.weekNo, week.conversations
    from (
      select client_no, floor((hour_no + ${THURSDAY_HOURS}) / ${WEEK_HOURS}) as weekNo,
        count(distinct conversation_no) as conversations
      from conversation_usage
      where company_no = ${companyNo} and hour_no >= ${first} and hour_no <= ${last}
      group by client_no, weekNo
      limit ${CLIENT_WEEKS_MAX}
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
    order by summary.up_to_at desc
    limit ${SUMMARIES_MAX}`.execute(db);
  return rows.map(({ at, tags, ...row }) => ({
    ...row,
    at: fromDatetime(at),
    tags: JSON.parse(tags) as string[],
  }));
}
