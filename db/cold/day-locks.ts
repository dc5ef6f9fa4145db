import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';

/** What is locked: a UTC day of a Company, or a month as compaction takes it. */
export interface CompanyDay {
  readonly companyNo: number;
  readonly day: string;
}

/**
 * Does work on days of a Company that nobody else may work on meanwhile. The locks belong to a
 * connection, so a death gives them back; should the connection go alone, whoever lost them is told
 * by `isHeld`, or by the Catalogue when it retires a Segment.
 *
 * @param locks Connections for locks alone: one that waited for work of the pool it is part of could
 *              wait for ever.
 * @param busy  What to answer if somebody is at one of these days.
 */
export async function withDayLocks<Result>(
  locks: Kysely<Database>,
  days: readonly CompanyDay[],
  work: (isHeld: IsHeld) => Promise<Result>,
  busy: Result,
): Promise<Result> {
  return locks.connection().execute(async (connection) => {
    const taken: CompanyDay[] = [];
    try {
      for (const day of days) {
        if (!(await take(connection, day))) return busy;
        taken.push(day);
      }
      const owner = await connectionIdOf(connection);
      return await work((db) => areHeld(db, days, owner));
    } finally {
      for (const day of taken) await giveBack(connection, day).catch(() => {});
    }
  });
}

/** Whether the days are still ours; asked in the transaction that relies on it. */
export type IsHeld = (transaction: Kysely<Database>) => Promise<boolean>;

async function connectionIdOf(connection: Kysely<Database>): Promise<number> {
  const { rows } = await sql<{ id: number | string }>`select connection_id() as id`.execute(
    connection,
  );
  return Number(rows[0]?.id);
}

async function areHeld(
  db: Kysely<Database>,
  days: readonly CompanyDay[],
  owner: number,
): Promise<boolean> {
  const held = days.map((day) => sql`coalesce(is_used_lock(${nameOf(day)}), 0) = ${owner}`);
  const { rows } = await sql<{ all: number | string }>`
    select ${sql.join(held, sql` and `)} as \`all\``.execute(db);
  return Number(rows[0]?.all) === 1;
}

/** Names of locks count for the whole server, and have at most 64 characters. */
function nameOf({ companyNo, day }: CompanyDay) {
  const place = sql`concat_ws(' ', database(), ${companyNo}, ${day})`;
  return sql`concat('camadas ', left(sha2(${place}, 256), 40))`;
}

async function take(connection: Kysely<Database>, day: CompanyDay): Promise<boolean> {
  const { rows } = await sql<{
    isOurs: number | string;
  }>`select get_lock(${nameOf(day)}, 0) as isOurs`.execute(connection);
  return Number(rows[0]?.isOurs) === 1;
}

async function giveBack(connection: Kysely<Database>, day: CompanyDay): Promise<void> {
  await sql`do release_lock(${nameOf(day)})`.execute(connection);
}
