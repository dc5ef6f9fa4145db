import { randomUUID } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import type { Message } from '../domain/message.ts';

/** How a row is known: by its number, in the order rows came in, or by a random text. */
export type FlatKey = 'number' | 'text';

const KEY_COLUMNS: Record<FlatKey, string> = {
  number: `id bigint not null auto_increment primary key,
    message_id char(36) not null`,
  text: 'message_id varchar(191) not null primary key',
};

/**
 * The table an ORM makes of a message: text ids, and an index for each column that is asked by. With
 * a number as primary key rows lie in the order they came in, which is the best order for reading.
 * A random text, as the ORMs' own `uuid()` makes one, leaves pages a third empty, and stands in every
 * index once more.
 */
const flatTable = (key: FlatKey) => `
  create table flat_messages (
    ${KEY_COLUMNS[key]},
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

export async function openFlatTable(mysqlUrl: string, key: FlatKey = 'number') {
  const connection = await createConnection({ uri: mysqlUrl, timezone: 'Z' });
  await connection.query(flatTable(key));
  const idOf = ({ messageId }: Message) => (key === 'number' ? messageId : randomUUID());
  return {
    async insert(messages: readonly Message[]): Promise<void> {
      await connection.query(
        `insert into flat_messages (message_id, company_id, client_id, conversation_id, role,
          content, created_at, updated_at) values ?`,
        [messages.map((message) => [idOf(message), ...toValues(message)])],
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
  const { companyId, clientId, conversationId, role, content } = message;
  const createdAt = message.createdAt.slice(0, 23).replace('T', ' ');
  return [companyId, clientId, conversationId, role, content, createdAt, createdAt];
}
