import { type Kysely, sql } from 'kysely';
import type { Database } from './schema.ts';

/** How many write at once. Part of each checkpoint: another number would not find its own. */
export const IMPORT_LANES = 2;

/** How far one lane of an import has come. */
export interface Checkpoint {
  /** In the source's own way of counting; null: nothing is stored yet. */
  readonly position: string | null;
  /** How many records there are up to the position, whoever stored them. */
  readonly read: number;
  /** Records that this lane made new Messages of, and those it refused. */
  readonly stored: number;
  readonly refused: number;
}

const BEGINNING: Checkpoint = { position: null, read: 0, stored: 0, refused: 0 };

/** @returns One for each lane. */
export async function readCheckpoints(
  db: Kysely<Database>,
  fingerprint: string,
): Promise<Checkpoint[]> {
  const rows = await db
    .selectFrom('imports')
    .select(['lane', 'position', 'read_total', 'stored_total', 'refused_total'])
    .where('fingerprint', '=', fingerprint)
    .execute();
  return Array.from({ length: IMPORT_LANES }, (_, lane) => {
    const row = rows.find((one) => one.lane === lane);
    if (!row) return BEGINNING;
    return {
      position: row.position,
      read: Number(row.read_total),
      stored: Number(row.stored_total),
      refused: Number(row.refused_total),
    };
  });
}

/** One step of a lane: where it ended, and what was stored and refused on the way. */
export interface Step {
  readonly fingerprint: string;
  readonly lane: number;
  readonly source: string;
  readonly position: string;
  /** From the beginning of the source on. */
  readonly read: number;
  readonly stored: number;
  readonly refused: number;
}

/** Notes a step, in the transaction that stores its last Messages. */
export async function noteStep(db: Kysely<Database>, step: Step): Promise<void> {
  const { fingerprint, lane, source, position, read, stored, refused } = step;
  await sql`
    insert into imports (fingerprint, lane, source, position, read_total, stored_total,
      refused_total, started_at, changed_at)
    values (${fingerprint}, ${lane}, ${source.slice(0, SOURCE_LENGTH_MAX)}, ${position}, ${read},
      ${stored}, ${refused}, utc_timestamp(3), utc_timestamp(3))
    on duplicate key update position = values(position), read_total = values(read_total),
      stored_total = stored_total + values(stored_total),
      refused_total = refused_total + values(refused_total),
      changed_at = values(changed_at)`.execute(db);
}

const SOURCE_LENGTH_MAX = 500;

/** So that an import begins anew; what it stored stays, and is not stored twice. */
export async function forgetCheckpoints(db: Kysely<Database>, fingerprint: string): Promise<void> {
  await db.deleteFrom('imports').where('fingerprint', '=', fingerprint).execute();
}
