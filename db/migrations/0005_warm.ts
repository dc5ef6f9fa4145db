import { type Kysely, sql } from 'kysely';

/** The warm tier, and what says of each Company which tier may hold what. */
export async function up(db: Kysely<never>): Promise<void> {
  // hot_since   Messages since then are in the hot tier only; null: all of them are.
  // warm_since  Messages since then are not in the cold tier; null: none is.
  // Both only grow. Whoever moves Messages, or stores one older than `hot_since`, locks the row.
  await sql`
    alter table companies
      add column hot_since datetime(3) null,
      add column warm_since datetime(3) null`.execute(db);

  // Row 0 holds the ages of the installation, the others those of Companies that want their own.
  await sql`
    create table tier_ages (
      company_no int unsigned not null primary key,
      hot_hours int unsigned not null,
      warm_days int unsigned not null
    ) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin`.execute(db);
  await sql`insert into tier_ages values (0, 24, 30)`.execute(db);

  // Below the hot tier no index leads from a Client to its Messages, so the way is by its
  // Conversations: those it began, and those it is a guest in.
  await sql`alter table conversations add key conversations_by_client (client_no)`.execute(db);
  await sql`
    create table conversation_guests (
      client_no int unsigned not null,
      conversation_no int unsigned not null,
      primary key (client_no, conversation_no)
    ) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin`.execute(db);

  // "Which Conversations of this Company spoke in these five minutes?": for pages of the Company and
  // for the way into the cold tier. `bucket_no` counts five minutes since the year 0.
  await sql`
    create table warm_activity (
      company_no int unsigned not null,
      bucket_no int unsigned not null,
      conversation_no int unsigned not null,
      primary key (company_no, bucket_no, conversation_no)
    ) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin`.execute(db);

  if (await isReadOnlyCompressed(db)) return createWarm(db, { isCompressed: false });
  await createWarm(db).catch(async (error: unknown) => {
    if (!isCompressionRefused(error)) throw error;
    await createWarm(db, { isCompressed: false });
  });
}

// No index besides the clustered key: one on (company_no, created_at) takes 37 bytes a Message.
async function createWarm(db: Kysely<never>, { isCompressed } = { isCompressed: true }) {
  const format = sql.raw(isCompressed ? 'row_format = compressed key_block_size = 8' : '');
  await sql`
    create table messages_warm (
      company_no int unsigned not null,
      conversation_no int unsigned not null,
      created_at datetime(3) not null,
      message_id binary(16) not null,
      client_no int unsigned not null,
      role enum('user', 'bot', 'agent', 'system') not null,
      external_id varchar(128) null,
      content mediumtext not null,
      metadata text null,
      primary key (company_no, conversation_no, created_at, message_id)
    ) engine = InnoDB ${format} default character set utf8mb4 collate utf8mb4_bin`.execute(db);
}

/** MariaDB can be set to make compressed tables and then refuse to write into them. */
async function isReadOnlyCompressed(db: Kysely<never>): Promise<boolean> {
  const { rows } = await sql<{ Value: string }>`
    show global variables like 'innodb_read_only_compressed'`.execute(db);
  return rows[0]?.Value === 'ON';
}

/**
 * Some managed servers, and those with large pages, take no compressed tables. The one without is
 * larger, and right all the same; `checkTables` tells of it at each start.
 */
function isCompressionRefused(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  return ['ER_ILLEGAL_HA', 'ER_ILLEGAL_HA_CREATE_OPTION', 'ER_CANT_CREATE_TABLE'].includes(
    String(code),
  );
}
