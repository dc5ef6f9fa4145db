import { type Kysely, sql } from 'kysely';

/** Usage: what was said, counted by hour, for statistics and patterns. */
export async function up(db: Kysely<never>): Promise<void> {
  // What one Client and those who answered said in a Conversation in one hour. hour_no counts UTC
  // hours since 1970; waits are the milliseconds until each answer, four bytes each; known is how many
  // Messages the Conversation had in all when it was counted.
  // conversation_usage_by_client answers "what was said with this Client between A and B?".
  await sql`
    create table conversation_usage (
      company_no int unsigned not null,
      hour_no int unsigned not null,
      conversation_no int unsigned not null,
      client_no int unsigned not null,
      user_count int unsigned not null,
      bot_count int unsigned not null,
      agent_count int unsigned not null,
      system_count int unsigned not null,
      content_bytes bigint unsigned not null,
      is_opened tinyint unsigned not null,
      last_role enum('user', 'bot', 'agent') null,
      first_wait_ms int unsigned null,
      waits varbinary(4000) null,
      known int unsigned not null,
      primary key (company_no, hour_no, conversation_no, client_no),
      key conversation_usage_by_client (client_no, hour_no)
    ) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin`.execute(db);

  // The sums of an hour over all Conversations of a Company; waits as sketches, and who was in it as
  // lists of numbers, so that all of them can be merged over hours. Where changes and summed differ,
  // the rows of the hour have changed since it was summed.
  await sql`
    create table company_usage (
      company_no int unsigned not null,
      hour_no int unsigned not null,
      changes int unsigned not null,
      summed int unsigned not null default 0,
      user_count bigint unsigned not null default 0,
      bot_count bigint unsigned not null default 0,
      agent_count bigint unsigned not null default 0,
      system_count bigint unsigned not null default 0,
      content_bytes bigint unsigned not null default 0,
      conversations_opened int unsigned not null default 0,
      conversation_nos mediumblob null,
      client_nos mediumblob null,
      waits blob null,
      first_waits blob null,
      primary key (company_no, hour_no)
    ) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin`.execute(db);

  // With these columns behind, the lengths and durations of a Company's Conversations are read from
  // the index alone. It was written anew at every Message before, too: last_message_at leads.
  await sql`
    alter table conversations
      drop key conversations_by_activity,
      add key conversations_by_activity
        (company_no, last_message_at, conversation_no, first_message_at, message_count,
          client_no)`.execute(db);
}
