import { type Kysely, sql } from 'kysely';
import type { Database } from './schema.ts';

/** How far an import has come. */
export interface Checkpoint {
  /** In the source's own way of counting; null: nothing is stored yet. */
  readonly position: string | null;
  /** Records read up to there, those of them that became new Messages, and those refused. */
  readonly read: number;
  readonly stored: number;
  readonly refused: number;
}

const BEGINNING: Checkpoint = { position: null, read: 0, stored: 0, refused: 0 };

export async function readCheckpoint(
  db: Kysely<Database>,
  fingerprint: string,
): Promise<Checkpoint> {
  const row = await db
    .selectFrom('imports')
    .select(['position', 'read_total', 'stored_total', 'refused_total'])
    .where('fingerprint', '=', fingerprint)
    .executeTakeFirst();
  if (!row) return BEGINNING;
  return {
    position: row.position,
    read: Number(row.read_total),
    stored: Number(row.stored_total),
    refused: Number(row.refused_total),
  };
}

/** One step of an import: what it read and stored, and where that ended. */
export interface Step {
  readonly fingerprint: string;
  readonly source: string;
  readonly position: string;
  readonly read: number;
  readonly stored: number;
  readonly refused: number;
}

/** Notes a step, in the transaction that stores its last Messages. */
export async function noteStep(db: Kysely<Database>, step: Step): Promise<void> {
  const { fingerprint, source, position, read, stored, refused } = step;
  await sql`
    insert into imports (fingerprint, source, position, read_total, stored_total, refused_total,
      started_at, changed_at)
    values (${fingerprint}, ${source}, ${position}, ${read}, ${stored}, ${refused},
      utc_timestamp(3), utc_timestamp(3))
    on duplicate key update position = values(position),
      read_total = read_total + values(read_total),
      stored_total = stored_total + values(stored_total),
      refused_total = refused_total + values(refused_total),
      changed_at = values(changed_at)`.execute(db);
}

/** So that an import begins anew; what it stored stays, and is not stored twice. */
export async function forgetCheckpoint(db: Kysely<Database>, fingerprint: string): Promise<void> {
  await db.deleteFrom('imports').where('fingerprint', '=', fingerprint).execute();
}
