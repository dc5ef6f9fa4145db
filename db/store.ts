import { type Kysely, sql } from 'kysely';
import { recordActivity } from './conversations.ts';
import { faultKind, isReadOnly } from './faults.ts';
import { findStored, type HotRow, identityOf, insertHot } from './hot.ts';
import { recordStored } from './ledger.ts';
import type { Database } from './schema.ts';

/** How often a transaction looks again because others stored the same Messages meanwhile. */
const LOOKS_MAX = 5;

/**
 * Stores Messages with all that must be true together: the rows, their Conversations, the Ledger.
 *
 * @param options.slot         Where in the Ledger to count, see `LEDGER_SLOTS`.
 * @param options.beforeCommit Runs beside the statements; the commit waits for it.
 * @returns The rows that are new. The others were stored before (P2).
 */
export async function storeGroup(
  db: Kysely<Database>,
  rows: readonly HotRow[],
  options: { slot: number; beforeCommit: Promise<unknown> },
): Promise<readonly HotRow[]> {
  return db.transaction().execute(async (transaction) => {
    try {
      const stored = await insertNew(transaction, rows);
      if (stored.length > 0) {
        await recordActivity(transaction, stored);
        // Last: the Ledger's few rows are locked for the shortest time.
        await recordStored(transaction, stored, options.slot);
      }
      await options.beforeCommit;
      return stored;
    } catch (error) {
      if (isReadOnly(error)) await hangUp(transaction);
      throw error;
    }
  });
}

/**
 * After a failover the pool still holds connections to the old primary, which now only reads. This
 * one is ended here, so that its successor is opened to wherever the name leads by then.
 */
async function hangUp(connection: Kysely<Database>): Promise<void> {
  await sql`kill connection_id()`.execute(connection).catch(() => {});
}

/**
 * The same for a statement that ran on any connection of the pool, which cannot be told afterwards:
 * of those to a server that only reads, one is ended. Its next fault ends the next one.
 */
export async function hangUpReader(db: Kysely<Database>): Promise<void> {
  const hangUpIfReader = db.connection().execute(async (one) => {
    const { rows } = await sql<{
      isReader: number | string;
    }>`select @@read_only as isReader`.execute(one);
    if (Number(rows[0]?.isReader) === 1) await hangUp(one);
  });
  await hangUpIfReader.catch(() => {}); // The caller has a fault to report already.
}

/**
 * Hopes first that all are new, as they nearly always are, and asks only when the unique key says
 * no.
 */
async function insertNew(
  transaction: Kysely<Database>,
  rows: readonly HotRow[],
): Promise<readonly HotRow[]> {
  let candidates = firstOfEach(rows);
  for (let look = 1; candidates.length > 0; look += 1) {
    try {
      await insertHot(transaction, candidates);
      return candidates;
    } catch (error) {
      if (faultKind(error) !== 'duplicate' || look === LOOKS_MAX) throw error;
      const stored = await findStored(transaction, candidates);
      candidates = candidates.filter((row) => !stored.has(identityOf(row)));
    }
  }
  return candidates;
}

/** The same Message may stand twice in one group: the first one counts. */
function firstOfEach(rows: readonly HotRow[]): readonly HotRow[] {
  const seen = new Set<string>();
  return rows.filter((row) => {
    const identity = identityOf(row);
    if (seen.has(identity)) return false;
    seen.add(identity);
    return true;
  });
}
