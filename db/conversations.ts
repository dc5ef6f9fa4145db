import { CompiledQuery, type Kysely } from 'kysely';
import type { Conversation } from '../domain/conversation.ts';
import type { Instant } from '../domain/instant.ts';
import { fromDatetime, toDatetime } from './datetime.ts';
import type { KeyedMessage } from './keyed-message.ts';
import type { Database, Datetime } from './schema.ts';

/** Adds what new Messages change in their Conversations: the count, the first and last moment. */
export async function recordActivity(
  db: Kysely<Database>,
  rows: readonly KeyedMessage[],
): Promise<void> {
  const activities = [...summarise(rows).values()];
  // In key order, as every writer does: two of them then wait for each other, never in a circle.
  activities.sort((a, b) => a.conversationNo - b.conversationNo);
  await db.executeQuery(CompiledQuery.raw(RECORD, [activities.map(toValues)]));
}

// The rows exist since their names were numbered, so this always takes the update. Its insert
// part names every column without a default only because MySQL checks it first.
const RECORD = `insert into conversations (conversation_no, company_no, conversation_id, client_no,
  message_count, first_message_at, last_message_at) values ?
  on duplicate key update
    message_count = message_count + values(message_count),
    first_message_at = least(coalesce(first_message_at, values(first_message_at)),
      values(first_message_at)),
    last_message_at = greatest(coalesce(last_message_at, values(last_message_at)),
      values(last_message_at))`;

interface Activity {
  readonly row: KeyedMessage;
  readonly conversationNo: number;
  count: number;
  first: string;
  last: string;
}

function summarise(rows: readonly KeyedMessage[]): Map<number, Activity> {
  const activities = new Map<number, Activity>();
  for (const row of rows) {
    const { conversationNo } = row;
    const { createdAt } = row.message;
    const known = activities.get(conversationNo);
    if (!known) {
      const activity = { row, conversationNo, count: 1, first: createdAt, last: createdAt };
      activities.set(conversationNo, activity);
      continue;
    }
    known.count += 1;
    if (createdAt < known.first) known.first = createdAt;
    if (createdAt > known.last) known.last = createdAt;
  }
  return activities;
}

function toValues({ row, conversationNo, count, first, last }: Activity): unknown[] {
  const { companyNo, clientNo, message } = row;
  const id = message.conversationId;
  return [conversationNo, companyNo, id, clientNo, count, toDatetime(first), toDatetime(last)];
}

/** Which part of the list of a Company's Conversations is wanted. */
export interface ConversationsWanted {
  readonly companyNo: number;
  readonly limit: number;
  /** Only those that spoke at this moment or later. */
  readonly since?: Instant | undefined;
  /** Only those behind this place in the list. */
  readonly before?:
    { readonly lastMessageAt: Instant; readonly conversationNo: number } | undefined;
}

/** The Conversations of a Company, the one that spoke last first. One index range read. */
export async function readConversations(
  db: Kysely<Database>,
  { companyNo, limit, since, before }: ConversationsWanted,
): Promise<Conversation[]> {
  let query = conversationColumns(db).where('conversation.company_no', '=', companyNo);
  if (since !== undefined) {
    query = query.where('conversation.last_message_at', '>=', toDatetime(since));
  }
  if (before !== undefined) {
    const lastAt = toDatetime(before.lastMessageAt);
    query = query
      .where('conversation.last_message_at', '<=', lastAt) // The range; then the ties at its end.
      .where((eb) =>
        eb.or([
          eb('conversation.last_message_at', '<', lastAt),
          eb('conversation.conversation_no', '<', before.conversationNo),
        ]),
      );
  }
  const rows = await query
    .orderBy('conversation.last_message_at', 'desc')
    .orderBy('conversation.conversation_no', 'desc')
    .limit(limit)
    .execute();
  return rows.map(toConversation);
}

/** @returns Null if nobody has said anything in it. */
export async function readConversation(
  db: Kysely<Database>,
  conversationNo: number,
): Promise<Conversation | null> {
  const row = await conversationColumns(db)
    .where('conversation.conversation_no', '=', conversationNo)
    .executeTakeFirst();
  return row ? toConversation(row) : null;
}

/** Of Conversations in which something was said. */
function conversationColumns(db: Kysely<Database>) {
  return db
    .selectFrom('conversations as conversation')
    .innerJoin('clients as client', 'client.client_no', 'conversation.client_no')
    .select([
      'conversation.conversation_id',
      'client.client_id',
      'conversation.first_message_at',
      'conversation.last_message_at',
      'conversation.message_count',
    ])
    .where('conversation.last_message_at', 'is not', null);
}

interface ConversationRow {
  readonly conversation_id: string;
  readonly client_id: string;
  readonly first_message_at: Datetime | null;
  readonly last_message_at: Datetime | null;
  readonly message_count: number;
}

function toConversation(row: ConversationRow): Conversation {
  return {
    conversationId: row.conversation_id,
    clientId: row.client_id,
    firstMessageAt: fromDatetime(row.first_message_at ?? ''),
    lastMessageAt: fromDatetime(row.last_message_at ?? ''),
    messageCount: row.message_count,
  };
}
