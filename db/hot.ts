import { CompiledQuery, type Kysely } from 'kysely';
import { isUuid, messageKey } from '../domain/message-id.ts';
import { toDatetime } from './datetime.ts';
import type { NumberedMessage } from './name-kinds.ts';
import type { Database } from './schema.ts';

/** A Message ready for its row: numbered, and with the 16 bytes it is stored under. */
export interface HotRow extends NumberedMessage {
  readonly key: Buffer;
}

export function toHotRow(numbered: NumberedMessage): HotRow {
  return { ...numbered, key: messageKey(numbered.message.messageId) };
}

/** What P2 counts as one Message: the Company and the messageId, nothing else. */
export function identityOf(row: { companyNo: number; key: Buffer }): string {
  return `${row.companyNo} ${row.key.toString('latin1')}`;
}

/**
 * Stores Messages in one multi-row statement, all or none.
 *
 * The rows go to the driver as one nested parameter and are escaped there: as 9,000 nodes of a
 * query builder, a thousand rows take longer to compile than MySQL takes to store them.
 *
 * @throws ER_DUP_ENTRY If one of them is stored already (P2).
 */
export async function insertHot(db: Kysely<Database>, rows: readonly HotRow[]): Promise<void> {
  await db.executeQuery(CompiledQuery.raw(INSERT, [rows.map(toValues)]));
}

const INSERT = `insert into messages_hot (company_no, conversation_no, created_at, message_id,
  client_no, role, external_id, content, metadata) values ?`;

function toValues(row: HotRow): unknown[] {
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

/** The identities of those rows that are stored already. */
export async function findStored(
  db: Kysely<Database>,
  rows: readonly HotRow[],
): Promise<Set<string>> {
  const stored = new Set<string>();
  for (const [companyNo, ofCompany] of Map.groupBy(rows, (row) => row.companyNo)) {
    const keys = ofCompany.map((row) => row.key);
    const found = await db
      .selectFrom('messages_hot')
      .select('message_id as key')
      .where('company_no', '=', companyNo)
      .where('message_id', 'in', keys)
      .execute();
    for (const { key } of found) stored.add(identityOf({ companyNo, key }));
  }
  return stored;
}
