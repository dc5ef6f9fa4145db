import { type Kysely, sql } from 'kysely';

/** Companies, Clients and Conversations: every identifier from outside gets a number, once. */
export async function up(db: Kysely<never>): Promise<void> {
  await sql`
    create table companies (
      company_no int unsigned not null auto_increment primary key,
      company_id varchar(64) not null,
      unique key companies_by_id (company_id)
    ) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin`.execute(db);

  await sql`
    create table clients (
      client_no int unsigned not null auto_increment primary key,
      company_no int unsigned not null,
      client_id varchar(64) not null,
      unique key clients_by_id (company_no, client_id)
    ) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin`.execute(db);

  // `conversations_by_activity` answers "which Conversations of this Company spoke last?".
  await sql`
    create table conversations (
      conversation_no int unsigned not null auto_increment primary key,
      company_no int unsigned not null,
      conversation_id varchar(64) not null,
      client_no int unsigned not null,
      message_count int unsigned not null default 0,
      first_message_at datetime(3) null,
      last_message_at datetime(3) null,
      unique key conversations_by_id (company_no, conversation_id),
      key conversations_by_activity (company_no, last_message_at)
    ) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin`.execute(db);
}
