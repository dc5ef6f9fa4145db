import { type Kysely, sql } from 'kysely';
import type { Message, Metadata } from '../domain/message.ts';
import { messageIdOf } from '../domain/message-id.ts';
import { fromDatetime } from './datetime.ts';
import type { Database, Datetime, MessagesTable } from './schema.ts';

/** Where whole Messages are read from, and by which index. */
export type MessageIndex =
  { table: 'messages_hot'; index: HotIndex } | { table: 'messages_warm'; index: 'primary' };
export type HotIndex =
  'primary' | 'messages_hot_once' | 'messages_hot_by_client' | 'messages_hot_by_company';

/**
 * Begins a query for whole Messages. The index is prescribed: no statistics can turn a page into a
 * scan. Names are joined from the left, so that Messages lead the order.
 */
export function messageColumns(db: Kysely<Database>, { table, index }: MessageIndex) {
  const alias = sql`message force index (${sql.raw(index)})`;
  return db
    .selectFrom(sql<MessagesTable>`${sql.table(table)}`.as<'message'>(alias))
    .leftJoin('clients as client', 'client.client_no', 'message.client_no')
    .leftJoin('conversations as conversation', (join) =>
      join.onRef('conversation.conversation_no', '=', 'message.conversation_no'),
    )
    .select(['client.client_id', 'conversation.conversation_id', 'message.created_at'])
    .select(['message.message_id', 'message.external_id', 'message.role'])
    .select(['message.content', 'message.metadata']);
}

/** A row of `messageColumns`. */
export interface MessageRow {
  readonly client_id: string | null;
  readonly conversation_id: string | null;
  readonly created_at: Datetime;
  readonly message_id: Buffer;
  readonly external_id: string | null;
  readonly role: Message['role'];
  readonly content: string;
  readonly metadata: string | null;
}

/** The Message of a row, with the very fields it was given with. */
export function toMessage(row: MessageRow, companyId: string): Message {
  const message = {
    companyId,
    clientId: row.client_id ?? '',
    conversationId: row.conversation_id ?? '',
    messageId: messageIdOf(row.message_id, row.external_id),
    role: row.role,
    content: row.content,
    createdAt: fromDatetime(row.created_at),
  };
  if (row.metadata === null) return message;
  return { ...message, metadata: JSON.parse(row.metadata) as Metadata };
}

type Place = Pick<MessageRow, 'created_at' | 'message_id'>;

/** The one order of Messages (P4). */
export function compareRows(a: Place, b: Place): number {
  if (a.created_at !== b.created_at) return a.created_at < b.created_at ? -1 : 1;
  return Buffer.compare(a.message_id, b.message_id);
}
