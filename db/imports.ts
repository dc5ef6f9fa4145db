import { type Kysely, sql } from 'kysely';
import type { Database } from './schema.ts';

/** Which import: a source, as it is mapped now. */
export interface ImportName {
  readonly fingerprint: string;
  /** For people. */
  readonly source: string;
}

/** How far an import has come. */
export interface Checkpoint {
  /** In the source's own way of counting; null: nothing is stored yet. */
  readonly position: string | null;
  /** How many records there are up to the position, whoever stored them. */
  readonly read: number;
  /** Records that became new Messages, and those that were refused. */
  readonly stored: number;
  readonly refused: number;
}

export async function readCheckpoint(
  db: Kysely<Database>,
  fingerprint: string,
): Promise<Checkpoint> {
  const rows = await db
    .selectFrom('imports')
    .select(['position', 'read_total', 'stored_total', 'refused_total'])
    .where('fingerprint', '=', fingerprint)
    .execute();
  const sum = (field: 'read_total' | 'stored_total' | 'refused_total') =>
    rows.reduce((all, row) => all + Number(row[field]), 0);
  return {
    position: rows.find(({ position }) => position !== NOWHERE)?.position ?? null,
    read: sum('read_total'),
    stored: sum('stored_total'),
    refused: sum('refused_total'),
  };
}

/** What lanes have that only count. */
const NOWHERE = '';
/** The lane that notes the place; by then the others are done. */
const FIRST = 0;

/** Counts new Messages, in the transaction that stores them. */
export async function noteStored(
  db: Kysely<Database>,
  { fingerprint, source }: ImportName,
  { lane, stored }: { lane: number; stored: number },
): Promise<void> {
  await note(db, [fingerprint, lane, source, NOWHERE, 0, stored, 0]);
}

/** A piece of a source, of which all is stored or refused. */
export interface Step extends ImportName {
  /** Its end. */
  readonly position: string;
  /** Records of the source up to there, and how many of them were refused. */
  readonly read: number;
  readonly refused: number;
}

/** Twice is as once: an answer may get lost. */
export async function noteReached(db: Kysely<Database>, step: Step): Promise<void> {
  const { fingerprint, source, position, read, refused } = step;
  await note(db, [fingerprint, FIRST, source, position, read, 0, refused]);
}

const SOURCE_LENGTH_MAX = 500;

type Values = [string, number, string, string, number, number, number];

async function note(
  db: Kysely<Database>,
  [fingerprint, lane, source, position, read, stored, refused]: Values,
): Promise<void> {
  await sql`
    insert into imports (fingerprint, lane, source, position, read_total, stored_total,
      refused_total, started_at, changed_at)
    values (${fingerprint}, ${lane}, ${source.slice(0, SOURCE_LENGTH_MAX)}, ${position}, ${read},
      ${stored}, ${refused}, utc_timestamp(3), utc_timestamp(3))
    on duplicate key update
      read_total = if(values(position) = ${NOWHERE}, read_total, values(read_total)),
      position = if(values(position) = ${NOWHERE}, position, values(position)),
      stored_total = stored_total + values(stored_total),
      refused_total = greatest(refused_total, values(refused_total)),
      changed_at = values(changed_at)`.execute(db);
}

/** So that an import begins anew; what it stored stays, and is not stored twice. */
export async function forgetCheckpoint(db: Kysely<Database>, fingerprint: string): Promise<void> {
  await db.deleteFrom('imports').where('fingerprint', '=', fingerprint).execute();
}
