import { isUuid, messageKey } from '../domain/message-id.ts';
import { toDatetime } from './datetime.ts';
import type { NumberedMessage } from './name-kinds.ts';

/** A Message ready for its row: numbered, and with the 16 bytes it is stored under. */
export interface KeyedMessage extends NumberedMessage {
  readonly key: Buffer;
}

export function toKeyed(numbered: NumberedMessage): KeyedMessage {
  return { ...numbered, key: messageKey(numbered.message.messageId) };
}

/** What P2 counts as one Message: the Company and the messageId, nothing else. */
export function identityOf(row: { companyNo: number; key: Buffer }): string {
  return `${row.companyNo} ${row.key.toString('latin1')}`;
}

/** The columns of `messages_hot` and `messages_warm`, and a row's values in their order. */
export const MESSAGE_COLUMNS = `company_no, conversation_no, created_at, message_id, client_no, role,
  external_id, content, metadata`;

export function toValues(row: KeyedMessage): unknown[] {
  const { messageId, createdAt, role, content, metadata } = row.message;
  return [
    row.companyNo,
    row.conversationNo,
    toDatetime(createdAt),
    row.key,
    row.clientNo,
    role,
    isUuid(messageId) ? null : messageId,
    content,
    metadata === undefined ? null : JSON.stringify(metadata),
  ];
}
