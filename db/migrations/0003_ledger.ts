import { type Kysely, sql } from 'kysely';

/**
 * The Ledger: per Company and UTC day, how many Messages were stored, and in which
 * tier they are. (`stored` alone is a reserved word of MySQL.)
 */
export async function up(db: Kysely<never>): Promise<void> {
  await sql`
    create table ledger (
      company_no int unsigned not null,
      day date not null,
      slot tinyint unsigned not null,
      stored_total bigint not null default 0,
      hot bigint not null default 0,
      warm bigint not null default 0,
      cold bigint not null default 0,
      erased bigint not null default 0,
      primary key (company_no, day, slot)
    ) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin`.execute(db);
}
