import { type Kysely, sql } from 'kysely';
import { clockFinding, type Finding } from '../domain/finding.ts';
import type { Database } from './schema.ts';

interface Settings {
  readonly sqlMode: string;
  readonly flush: number | string;
  readonly epochMs: string;
}

/** What this MySQL is set to that would break a promise. */
export async function checkMysql(db: Kysely<Database>): Promise<Finding[]> {
  const askedAt = Date.now();
  const { rows } = await sql<Settings>`
    select @@sql_mode as sqlMode, @@innodb_flush_log_at_trx_commit as flush,
      floor(unix_timestamp(now(3)) * 1000) as epochMs`.execute(db);
  const answeredAt = Date.now();
  const [settings] = rows;
  if (!settings) throw new Error('MySQL did not tell its settings');

  const skewMs = Number(settings.epochMs) - (askedAt + answeredAt) / 2;
  return [...modeFindings(settings), ...flushFindings(settings), ...clockFinding('MySQL', skewMs)];
}

/** What of the tables is not as it should be, once they are there. */
export async function checkTables(db: Kysely<Database>): Promise<Finding[]> {
  const { rows } = await sql<{ format: string }>`
    select row_format as format from information_schema.tables
    where table_schema = database() and table_name = 'messages_warm'`.execute(db);
  const [table] = rows;
  if (!table || table.format.toLowerCase() === 'compressed') return [];
  const sentence =
    'MySQL took no compressed table when messages_warm was made, so the warm tier takes about four times the room; ' +
    'once it takes them (innodb_file_per_table on, pages of 16 KB): ' +
    'alter table messages_warm row_format = compressed key_block_size = 8, on MySQL with tablespace = innodb_file_per_table';
  return [{ severity: 'weak', sentence }];
}

/** @throws Error If MySQL cannot be reached. */
export async function pingMysql(db: Kysely<Database>): Promise<void> {
  await sql`select 1`.execute(db);
}

function modeFindings({ sqlMode }: Settings): Finding[] {
  const modes = sqlMode.split(',');
  const findings: Finding[] = [];
  if (!modes.includes('STRICT_TRANS_TABLES') && !modes.includes('STRICT_ALL_TABLES')) {
    const sentence =
      'MySQL is not strict, so it would cut long values silently (P1); add STRICT_TRANS_TABLES to sql_mode';
    findings.push({ severity: 'broken', sentence });
  }
  if (modes.includes('NO_BACKSLASH_ESCAPES')) {
    const sentence =
      'sql_mode holds NO_BACKSLASH_ESCAPES, with which message text cannot be escaped; take it out';
    findings.push({ severity: 'broken', sentence });
  }
  return findings;
}

function flushFindings({ flush }: Settings): Finding[] {
  if (String(flush) === '1') return [];
  const sentence = `innodb_flush_log_at_trx_commit is ${flush}, so a crash of the host can lose the last second (P1); set it to 1`;
  return [{ severity: 'weak', sentence }];
}
