import { type Kysely, sql } from 'kysely';

/** Summaries of Conversations: a row for each version. */
export async function up(db: Kysely<never>): Promise<void> {
  // up_to_*        The last Message it knows, in page order; message_count, how many there were.
  // is_latest      Whether no later version has taken its place: 1 or 0.
  // course, tags, key_points  JSON text.
  // summaries_by_span answers "which latest Summaries of this Company reach to between A and B?",
  // summaries_by_day "how many tokens has this Company used since A?", without reading the rows.
  await sql`
    create table summaries (
      company_no int unsigned not null,
      conversation_no int unsigned not null,
      version int unsigned not null,
      is_latest tinyint unsigned not null,
      made_at datetime(3) not null,
      model varchar(128) not null,
      prompt_version int unsigned not null,
      up_to_at datetime(3) not null,
      up_to_message_id varchar(128) not null,
      message_count int unsigned not null,
      duration_minutes int unsigned not null,
      language char(2) not null,
      sentiment enum('negative', 'neutral', 'positive') not null,
      sentiment_score double not null,
      course text not null,
      tags text not null,
      key_points mediumtext not null,
      summary text not null,
      tokens_input int unsigned not null,
      tokens_output int unsigned not null,
      cost_micros bigint unsigned not null,
      primary key (company_no, conversation_no, version),
      key summaries_by_span (company_no, is_latest, up_to_at),
      key summaries_by_day (company_no, made_at, tokens_input, tokens_output)
    ) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin`.execute(db);

  // Tokens that a Company was charged for on a UTC day without a Summary that is kept.
  await sql`
    create table wasted_tokens (
      company_no int unsigned not null,
      day date not null,
      tokens bigint unsigned not null,
      primary key (company_no, day)
    ) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin`.execute(db);

  // The last time that a Conversation of so many Messages could not be summarized, and why.
  await sql`
    create table summary_failures (
      company_no int unsigned not null,
      conversation_no int unsigned not null,
      code varchar(64) not null,
      message_count int unsigned not null,
      failed_at datetime(3) not null,
      primary key (company_no, conversation_no)
    ) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin`.execute(db);
}
