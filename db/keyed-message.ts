import type { Message } from '../domain/message.ts';
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

/** Several of one group may be the same Message: the first one counts. */
export function firstOfEach(rows: readonly KeyedMessage[]): readonly KeyedMessage[] {
  const seen = new Set<string>();
  return rows.filter((row) => {
    const identity = identityOf(row);
    if (seen.has(identity)) return false;
    seen.add(identity);
    return true;
  });
}

/** At most so many at a time. */
export function* pieces(
  rows: readonly KeyedMessage[],
  rowsMax: number,
): Generator<readonly KeyedMessage[]> {
  for (let at = 0; at < rows.length; at += rowsMax) yield rows.slice(at, at + rowsMax);
}

/** The order of the lower tiers, but for those of one moment. */
export function comparePlaces(a: KeyedMessage, b: KeyedMessage): number {
  if (a.companyNo !== b.companyNo) return a.companyNo - b.companyNo;
  if (a.conversationNo !== b.conversationNo) return a.conversationNo - b.conversationNo;
  if (a.message.createdAt === b.message.createdAt) return 0;
  return a.message.createdAt < b.message.createdAt ? -1 : 1;
}

/** The columns of `messages_hot` and `messages_warm`, and a row's values in their order. */
export const MESSAGE_COLUMNS = `company_no, conversation_no, created_at, message_id, client_no, role,
  external_id, content, metadata`;

export function toValues(row: KeyedMessage): unknown[] {
  const { createdAt, role, content } = row.message;
  return [
    row.companyNo,
    row.conversationNo,
    toDatetime(createdAt),
    row.key,
    row.clientNo,
    role,
    externalIdOf(row.message),
    content,
    metadataOf(row.message),
  ];
}

/** Null: the key says it all. */
export function externalIdOf({ messageId }: Message): string | null {
  return isUuid(messageId) ? null : messageId;
}

export function metadataOf({ metadata }: Message): string | null {
  return metadata === undefined ? null : JSON.stringify(metadata);
}
