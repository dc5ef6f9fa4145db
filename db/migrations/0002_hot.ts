import { type Kysely, sql } from 'kysely';

/** The hot tier: young Messages, clustered so that a page of a Conversation is one range read. */
export async function up(db: Kysely<never>): Promise<void> {
  // messages_hot_once       P2: a messageId of a Company is stored once, whatever its createdAt.
  // messages_hot_by_client  "what was said with this Client between A and B?", in page order.
  // messages_hot_by_company "what was said in this Company between A and B?", in page order.
  // Every secondary index ends in the clustered key anyway, so naming message_id there costs
  // nothing, and saves the sort of Messages of one millisecond.
  await sql`
    create table messages_hot (
      company_no int unsigned not null,
      conversation_no int unsigned not null,
      created_at datetime(3) not null,
      message_id binary(16) not null,
      client_no int unsigned not null,
      role enum('user', 'bot', 'agent', 'system') not null,
      external_id varchar(128) null,
      content mediumtext not null,
      metadata text null,
      primary key (company_no, conversation_no, created_at, message_id),
      unique key messages_hot_once (company_no, message_id),
      key messages_hot_by_client (client_no, created_at, message_id),
      key messages_hot_by_company (company_no, created_at, message_id)
    ) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin`.execute(db);
}
