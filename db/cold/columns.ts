import type { MessageRow } from '../message-row.ts';
import { instantOf } from '../../domain/instant.ts';
import { timeOf, toDatetime } from '../datetime.ts';
import { messageIdAt, type SegmentColumns, type SegmentKeys } from './segment.ts';

/** A row as the tiers in MySQL have it, with its Conversation's number. */
export interface NumberedRow extends MessageRow {
  readonly conversation_no: number;
}

/** What a row mostly weighs. */
export function textLengthOf({ content, metadata }: NumberedRow): number {
  return content.length + (metadata?.length ?? 0);
}

/** Rows as a Segment wants them. */
export function toColumns(rows: readonly NumberedRow[]): SegmentColumns {
  return {
    conversationNos: rows.map((row) => row.conversation_no),
    conversationIds: rows.map((row) => row.conversation_id ?? ''),
    clientIds: rows.map((row) => row.client_id ?? ''),
    createdAtMs: rows.map((row) => timeOf(row.created_at)),
    messageIds: new Uint8Array(Buffer.concat(rows.map((row) => row.message_id))),
    externalIds: rows.map((row) => row.external_id),
    roles: rows.map((row) => row.role),
    contents: rows.map((row) => row.content),
    metadata: rows.map((row) => row.metadata),
  };
}

/** What one of them is known by. */
export type RowKey = Pick<NumberedRow, 'conversation_no' | 'created_at' | 'message_id'>;

export function keyAt(keys: SegmentKeys, at: number): RowKey {
  return {
    conversation_no: keys.conversationNos[at] ?? 0,
    created_at: toDatetime(instantOf(keys.createdAtMs[at] ?? 0)),
    message_id: Buffer.from(messageIdAt(keys.messageIds, at)),
  };
}

/** One of them again as a row. */
export function rowAt(columns: SegmentColumns, at: number): NumberedRow {
  return {
    ...keyAt(columns, at),
    conversation_id: columns.conversationIds[at] ?? null,
    client_id: columns.clientIds[at] ?? null,
    external_id: columns.externalIds[at] ?? null,
    role: (columns.roles[at] ?? 'user') as NumberedRow['role'],
    content: columns.contents[at] ?? '',
    metadata: columns.metadata[at] ?? null,
  };
}
