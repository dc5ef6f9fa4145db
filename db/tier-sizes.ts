import { type Kysely, sql } from 'kysely';
import { type Tier, TIERS } from '../domain/archive.ts';
import type { Database } from './schema.ts';

/** What a tier holds, and what that takes on disk. */
export interface TierSize {
  readonly tier: Tier;
  readonly messages: number;
  readonly bytes: number;
}

/** Of all Companies together. Tables of MySQL come in pages, so a tier of few Messages looks large. */
export async function readTierSizes(db: Kysely<Database>): Promise<TierSize[]> {
  const { rows } = await sql<Record<Tier, string | null>>`
    select sum(hot) as hot, sum(warm) as warm, sum(cold) as cold from ledger`.execute(db);
  const bytes = {
    hot: await tableBytes(db, ['messages_hot']),
    warm: await tableBytes(db, ['messages_warm', 'warm_activity']),
    cold: await archiveBytes(db),
  };
  return TIERS.map((tier) => {
    return { tier, messages: Number(rows[0]?.[tier] ?? 0), bytes: bytes[tier] };
  });
}

async function tableBytes(db: Kysely<Database>, tables: readonly string[]): Promise<number> {
  // Else MySQL tells what it knew a day ago.
  await sql`analyze table ${sql.join(tables.map((name) => sql.table(name)))}`.execute(db);
  const { rows } = await sql<{ bytes: string }>`
    select sum(data_length + index_length) as bytes from information_schema.tables
    where table_schema = database() and table_name in (${sql.join(tables)})`.execute(db);
  return Number(rows[0]?.bytes);
}

async function archiveBytes(db: Kysely<Database>): Promise<number> {
  const { rows } = await sql<{ bytes: string | null }>`
    select sum(size_bytes) as bytes from segments where state = 'live'`.execute(db);
  return Number(rows[0]?.bytes ?? 0);
}
