import { type Connection, createConnection } from 'mysql2/promise';
import type { Message } from '../domain/message.ts';
import { messageKey } from '../domain/message-id.ts';

/**
 * The yardstick for the producer's batching: the same rows in a table like the hot tier's, by plain
 * multi-row INSERT on one connection, each statement a transaction of its own.
 */
export async function openPlainInsert(mysqlUrl: string) {
  const connection = await createConnection({ uri: mysqlUrl, charset: 'utf8mb4_bin' });
  await connection.query('create table if not exists plain_messages like messages_hot');

  return {
    /** @returns Rows a second. */
    async time(rows: readonly unknown[][], rowsPerStatement: number): Promise<number> {
      await connection.query('truncate table plain_messages');
      const startedAt = performance.now();
      for (let at = 0; at < rows.length; at += rowsPerStatement) {
        await insert(connection, rows.slice(at, at + rowsPerStatement));
      }
      return (rows.length / (performance.now() - startedAt)) * 1_000;
    },
    close: () => connection.end(),
  };
}

async function insert(connection: Connection, rows: readonly unknown[][]): Promise<void> {
  await connection.query('insert into plain_messages values ?', [rows]);
}

/** Rows in the order of the table's columns, their names numbered beforehand. */
export function plainRows(messages: readonly Message[]): unknown[][] {
  const numbers = new Map<string, number>();
  const numberOf = (name: string) => {
    const known = numbers.get(name);
    if (known !== undefined) return known;
    numbers.set(name, numbers.size + 1);
    return numbers.size;
  };
  return messages.map((message) => [
    numberOf(message.companyId),
    numberOf(`${message.companyId} conversation ${message.conversationId}`),
    message.createdAt.slice(0, 23).replace('T', ' '),
    messageKey(message.messageId),
    numberOf(`${message.companyId} client ${message.clientId}`),
    message.role,
    null,
    message.content,
    null,
  ]);
}
