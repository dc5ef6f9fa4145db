import { createConnection } from 'mysql2/promise';
import type { Message } from '../domain/message.ts';

/**
 * The table an ORM makes of a message: a number of its own as primary key, so that rows lie in the
 * order they came in, which is the best order for reading; text ids; an index for each column that
 * is asked by.
 */
const FLAT_TABLE = `
  create table flat_messages (
    id bigint not null auto_increment primary key,
    message_id char(36) not null,
    company_id varchar(191) not null,
    client_id varchar(191) not null,
    conversation_id varchar(191) not null,
    role varchar(191) not null,
    content text not null,
    metadata json null,
    created_at datetime(3) not null,
    updated_at datetime(3) not null,
    key flat_messages_company_id (company_id),
    key flat_messages_conversation_id (conversation_id),
    key flat_messages_created_at (created_at)
  ) engine = InnoDB default character set utf8mb4`;

export async function openFlatTable(mysqlUrl: string) {
  const connection = await createConnection({ uri: mysqlUrl, timezone: 'Z' });
  await connection.query(FLAT_TABLE);
  return {
    async insert(messages: readonly Message[]): Promise<void> {
      await connection.query(
        `insert into flat_messages (message_id, company_id, client_id, conversation_id, role,
          content, created_at, updated_at) values ?`,
        [messages.map(toValues)],
      );
    },
    /** Brings the optimizer's statistics of all tables up to date. */
    async analyze(): Promise<void> {
      await connection.query('analyze table flat_messages, messages_hot, conversations, clients');
    },
    close: () => connection.end(),
  };
}

function toValues(message: Message): string[] {
  const { messageId, companyId, clientId, conversationId, role, content } = message;
  const createdAt = message.createdAt.slice(0, 23).replace('T', ' ');
  return [messageId, companyId, clientId, conversationId, role, content, createdAt, createdAt];
}
