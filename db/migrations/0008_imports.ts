import { type Kysely, sql } from 'kysely';

/** How far imports of older histories have come, so that one that was killed goes on from there. */
export async function up(db: Kysely<never>): Promise<void> {
  // fingerprint  Of the source and of how its columns are mapped: with another mapping all is read anew.
  // lane         Several write at once; each notes its own way in the transaction of its rows.
  // position     Up to where the lane has stored the source, in the source's own way of counting;
  //              read_total is how many records that is.
  await sql`
    create table imports (
      fingerprint char(64) not null,
      lane tinyint unsigned not null,
      source varchar(512) not null,
      position text not null,
      read_total bigint unsigned not null default 0,
      stored_total bigint unsigned not null default 0,
      refused_total bigint unsigned not null default 0,
      started_at datetime(3) not null,
      changed_at datetime(3) not null,
      primary key (fingerprint, lane)
    ) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin`.execute(db);
}
