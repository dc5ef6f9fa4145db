import type { Kysely } from 'kysely';
import type { Message } from '../domain/message.ts';
import { messageKey } from '../domain/message-id.ts';
import { messageColumns, toMessage } from './message-row.ts';
import type { Names } from './names.ts';
import type { Database } from './schema.ts';

/**
 * Messages by their ids, to compare what was sent with what is stored.
 *
 * @param wanted.messageIds At most some hundred at once.
 * @returns Those that are stored, by messageId.
 */
export async function findMessagesById(
  { db, names }: { db: Kysely<Database>; names: Names },
  wanted: { companyId: string; messageIds: readonly string[] },
): Promise<Map<string, Message>> {
  const companyNo = await names.companyNo(wanted.companyId);
  if (companyNo === null) return new Map();
  const rows = await messageColumns(db, { table: 'messages_hot', index: 'messages_hot_once' })
    .where('message.company_no', '=', companyNo)
    .where('message.message_id', 'in', wanted.messageIds.map(messageKey))
    .execute();
  const messages = rows.map((row) => toMessage(row, wanted.companyId));
  return new Map(messages.map((message) => [message.messageId, message]));
}
