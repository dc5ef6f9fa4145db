import { type Kysely, sql } from 'kysely';

/**
 * API keys. A key may be older than its Company's first Message, so it names the Company by the id
 * from outside: to number a Company is the writers' matter.
 */
export async function up(db: Kysely<never>): Promise<void> {
  // `api_keys_by_company` answers "which keys has this Company?".
  await sql`
    create table api_keys (
      key_id char(12) not null primary key,
      company_id varchar(64) not null,
      secret_hash binary(32) not null,
      scopes set('read', 'write', 'admin') not null,
      label varchar(80) not null,
      created_at datetime(3) not null,
      expires_at datetime(3) null,
      revoked_at datetime(3) null,
      last_used_at datetime(3) null,
      key api_keys_by_company (company_id, created_at)
    ) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin`.execute(db);
}
