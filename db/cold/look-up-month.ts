import { isDeepStrictEqual } from 'node:util';
import type { Kysely } from 'kysely';
import { dayOf } from '../../domain/instant.ts';
import { findInHot } from '../hot.ts';
import { identityOf, type KeyedMessage } from '../keyed-message.ts';
import { type DayCounts, readMonth } from '../ledger.ts';
import type { Database } from '../schema.ts';
import { findInWarm } from '../warm.ts';
import { findLive } from './catalogue.ts';
import { type CompanyMonth, spanOfMonth } from './compact.ts';
import { identitiesInCold } from './find-in-cold.ts';
import type { ColdReader } from './footers.ts';
import type { MonthOfRows } from './straight.ts';

/** What a month of a Company is made of: while this stays the same, nothing of it was stored or moved. */
export interface MonthState {
  readonly counts: ReadonlyMap<string, DayCounts>;
  readonly segmentIds: readonly string[];
}

export async function readState(db: Kysely<Database>, month: CompanyMonth): Promise<MonthState> {
  const counts = await readMonth(db, month);
  const live = await findLive(db, { companyNo: month.companyNo, ...spanOfMonth(month.month) });
  const segmentIds = live.map(({ segmentId }) => segmentId);
  return { counts, segmentIds: segmentIds.sort((a, b) => (a < b ? -1 : 1)) };
}

export function isSameState(a: MonthState, b: MonthState): boolean {
  return isDeepStrictEqual(a, b);
}

/**
 * Those of some Messages that no tier has. In hot an id is looked for whatever its time; below, where the
 * Ledger has nothing of a day, nobody looks.
 *
 * @param state As it was before this look.
 */
export async function leaveOutStored(
  { db, cold }: { db: Kysely<Database>; cold: ColdReader },
  { rows }: MonthOfRows,
  { counts }: MonthState,
): Promise<readonly KeyedMessage[]> {
  const on = ({ message }: KeyedMessage) => counts.get(dayOf(message.createdAt));
  const stored = await findInHot(db, rows);
  const mayBeWarm = rows.filter((row) => (on(row)?.warm ?? 0) > 0);
  for (const identity of await findInWarm(db, mayBeWarm)) stored.add(identity);
  const mayBeCold = rows.filter((row) => (on(row)?.cold ?? 0) > 0);
  for (const identity of await identitiesInCold(cold, db, mayBeCold)) stored.add(identity);
  return stored.size === 0 ? rows : rows.filter((row) => !stored.has(identityOf(row)));
}
