import { type Kysely, sql } from 'kysely';

/** Patterns of Companies, as they were found last. */
export async function up(db: Kysely<never>): Promise<void> {
  // One row for each span that somebody asked for; asked_at says when last, so that those nobody
  // asks for any more are not found anew for ever. found_at is null until they are found;
  // failed_at says when that failed, so that it is not tried again at once.
  await sql`
    create table company_patterns (
      company_no int unsigned not null,
      days smallint unsigned not null,
      time_zone varchar(64) not null,
      asked_at datetime(3) not null,
      found_at datetime(3) null,
      failed_at datetime(3) null,
      patterns mediumtext null,
      primary key (company_no, days, time_zone)
    ) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin`.execute(db);
}
