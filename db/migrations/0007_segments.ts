import { type Kysely, sql } from 'kysely';

/** The Catalogue: one row for each Segment of the cold tier, and for each that is being made. */
export async function up(db: Kysely<never>): Promise<void> {
  // state       writing: an object may be there, nobody reads it; live: its Messages are cold;
  //             retired: others took its place, and its object goes after a while.
  // is_cleared  Whether the warm tier has let go of its Messages.
  // made_by     move: of one day, out of warm; compact: of a month's small ones; restore: what is left
  //             of one that Messages were taken out of.
  // day         UTC day of its Messages; the first of the month, if it holds more than one.
  // segments_by_span answers "which Segments of this Company reach beyond A?", and, with the columns
  // behind, whether they hold anything of the page.
  await sql`
    create table segments (
      segment_id char(36) not null primary key,
      company_no int unsigned not null,
      state enum('writing', 'live', 'retired') not null,
      is_cleared tinyint unsigned not null default 0,
      made_by enum('move', 'compact', 'restore') not null,
      object_key varchar(512) not null,
      day date not null,
      schema_version smallint unsigned not null,
      row_count int unsigned not null default 0,
      size_bytes bigint unsigned not null default 0,
      footer_bytes int unsigned not null default 0,
      first_created_at datetime(3) null,
      last_created_at datetime(3) null,
      first_conversation_no int unsigned not null default 0,
      last_conversation_no int unsigned not null default 0,
      sha256 char(64) not null default '',
      changed_at datetime(3) not null,
      unique key segments_by_key (object_key),
      key segments_by_span (company_no, state, last_created_at)
    ) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin`.execute(db);

  // How many Messages of which day a Segment holds: what the Ledger is compared with.
  await sql`
    create table segment_days (
      segment_id char(36) not null,
      day date not null,
      row_count int unsigned not null,
      primary key (segment_id, day)
    ) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin`.execute(db);

  // What was brought back to warm, and until when it stays there.
  await sql`
    create table restored_spans (
      company_no int unsigned not null,
      from_at datetime(3) not null,
      to_at datetime(3) not null,
      until_at datetime(3) not null,
      key restored_spans_by_company (company_no, until_at)
    ) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin`.execute(db);
}
