import { type Kysely, sql } from 'kysely';

/** How far imports of older histories have come, so that one that was killed goes on from there. */
export async function up(db: Kysely<never>): Promise<void> {
  // fingerprint  Of the source and of how its columns are mapped: with another mapping all is read anew.
  // position     Up to where the source is stored, in the source's own way of counting.
  await sql`
    create table imports (
      fingerprint char(64) not null primary key,
      source varchar(512) not null,
      position text not null,
      read_total bigint unsigned not null default 0,
      stored_total bigint unsigned not null default 0,
      refused_total bigint unsigned not null default 0,
      started_at datetime(3) not null,
      changed_at datetime(3) not null
    ) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin`.execute(db);
}
