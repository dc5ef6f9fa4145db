import { type Kysely, sql } from 'kysely';
import { recordActivity } from './conversations.ts';
import { coldUnconfigured } from './cold/faults.ts';
import { findInCold } from './cold/find-in-cold.ts';
import type { Cold } from './cold/open-cold.ts';
import { faultKind, isReadOnly } from './faults.ts';
import { lockBoundaries, raiseBoundaries, youngSince } from './boundaries.ts';
import { findInHot, insertHot } from './hot.ts';
import { firstOfEach, identityOf, type KeyedMessage } from './keyed-message.ts';
import { recordStored } from './ledger.ts';
import type { Database } from './schema.ts';
import { findInWarm, insertWarm } from './warm.ts';

/** How often a transaction looks again because others stored the same Messages meanwhile. */
const LOOKS_MAX = 5;

/**
 * Stores Messages with all that must be true together: the rows, their Conversations, the Ledger.
 * Late ones in warm, however old: what is old enough for the archive goes there within the hour.
 *
 * @param options.slot         Where in the Ledger to count, see `LEDGER_SLOTS`.
 * @param options.nowMs        Milliseconds since 1970.
 * @param options.beforeCommit Runs beside the statements; the commit waits for it.
 * @param options.also         What else is to be committed with the rows that are new.
 * @returns The rows that are new. The others were stored before (P2).
 */
export async function storeGroup(
  db: Kysely<Database>,
  rows: readonly KeyedMessage[],
  options: {
    slot: number;
    nowMs: number;
    cold: Cold;
    beforeCommit: Promise<unknown>;
    also?: (transaction: Kysely<Database>, stored: readonly KeyedMessage[]) => Promise<void>;
  },
): Promise<readonly KeyedMessage[]> {
  const { young, old } = partByAge(firstOfEach(rows), options.nowMs);
  if (old.length > 0) await raiseBoundaries(db, old, options.nowMs);
  return db.transaction().execute(async (transaction) => {
    try {
      const { above, late } = await partByTier(transaction, old);
      const hot = await insertNew(transaction, HOT, [...young, ...above]);
      const warm = await insertLate(transaction, late, options.cold);
      const stored = [...hot, ...warm];
      if (stored.length > 0) {
        await recordActivity(transaction, stored);
        // Last: the Ledger's few rows are locked for the shortest time.
        await recordStored(transaction, { hot, warm }, options.slot);
      }
      await options.also?.(transaction, stored);
      await options.beforeCommit;
      return stored;
    } catch (error) {
      if (isReadOnly(error)) await hangUp(transaction);
      throw error;
    }
  });
}

function partByAge(rows: readonly KeyedMessage[], nowMs: number) {
  const since = youngSince(nowMs);
  const isYoung = (row: KeyedMessage) => row.message.createdAt >= since;
  if (rows.every(isYoung)) return { young: rows, old: [] };
  return { young: rows.filter(isYoung), old: rows.filter((row) => !isYoung(row)) };
}

/** Older than what the hot tier has all of. */
interface Late {
  readonly row: KeyedMessage;
  /** Whether it may be in the archive already. */
  readonly mayBeCold: boolean;
}

/** Parts old Messages by where they belong. Their Companies stay locked. */
async function partByTier(transaction: Kysely<Database>, rows: readonly KeyedMessage[]) {
  const above: KeyedMessage[] = [];
  const late: Late[] = [];
  if (rows.length === 0) return { above, late };
  const companyNos = [...new Set(rows.map((row) => row.companyNo))];
  const boundaries = await lockBoundaries(transaction, companyNos);
  for (const row of rows) {
    const { hotSince, warmSince } = boundaries.get(row.companyNo) ?? {};
    const { createdAt } = row.message;
    if (createdAt >= (hotSince ?? '')) above.push(row);
    else late.push({ row, mayBeCold: createdAt < (warmSince ?? '') });
  }
  return { above, late };
}

/**
 * Stores late Messages in warm. Sent again, they may still be in the hot tier, or in any below: nothing
 * moves while we look.
 */
async function insertLate(
  transaction: Kysely<Database>,
  late: readonly Late[],
  cold: Cold,
): Promise<readonly KeyedMessage[]> {
  if (late.length === 0) return [];
  const rows = late.map(({ row }) => row);
  const stored = await findInHot(transaction, rows);
  const sought = late.flatMap(({ row, mayBeCold }) => (mayBeCold ? [row] : []));
  if (sought.length > 0 && cold === null) throw coldUnconfigured();
  if (sought.length > 0 && cold !== null) {
    const found = await findInCold(cold, transaction, sought);
    for (const identity of found.keys()) stored.add(identity);
  }
  return insertNew(
    transaction,
    WARM,
    rows.filter((row) => !stored.has(identityOf(row))),
  );
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

/** A tier that Messages are stored in. */
interface Shelf {
  insert(db: Kysely<Database>, rows: readonly KeyedMessage[]): Promise<void>;
  find(db: Kysely<Database>, rows: readonly KeyedMessage[]): Promise<Set<string>>;
}

const HOT: Shelf = { insert: insertHot, find: findInHot };
const WARM: Shelf = { insert: insertWarm, find: findInWarm };

/**
 * Hopes first that all are new, as they nearly always are, and asks only when the unique key says
 * no.
 */
async function insertNew(
  transaction: Kysely<Database>,
  shelf: Shelf,
  rows: readonly KeyedMessage[],
): Promise<readonly KeyedMessage[]> {
  let candidates = rows;
  for (let look = 1; candidates.length > 0; look += 1) {
    try {
      await shelf.insert(transaction, candidates);
      return candidates;
    } catch (error) {
      if (faultKind(error) !== 'duplicate' || look === LOOKS_MAX) throw error;
      const stored = await shelf.find(transaction, candidates);
      candidates = candidates.filter((row) => !stored.has(identityOf(row)));
    }
  }
  return candidates;
}
