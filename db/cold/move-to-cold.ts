import { type Kysely, sql } from 'kysely';
import type { Segment } from '../../domain/segment.ts';
import { MOVES_SLOT } from '../ledger.ts';
import { retryDeadlocks } from '../retry-deadlocks.ts';
import type { Database } from '../schema.ts';
import { clearSegment, daysOfSegment } from './clear-segment.ts';
import { type Entry, findUnfinished, forget, putLive } from './catalogue.ts';
import { clearActivity } from './clear-warm.ts';
import { type IsHeld, withDayLocks } from './day-locks.ts';
import { segmentGivenUp } from './faults.ts';
import { isKeptWarm } from './kept-warm.ts';
import { makeSegment } from './make-segment.ts';
import { type CompanyDays, eachDay, readDays, spanOfDays } from './read-days.ts';
import { ahead } from './read-ahead.ts';
import { dealOut } from './row-groups.ts';
import type { MoveDeps } from './write-segment.ts';

export interface MoveToColdOptions {
  readonly breathe: (tookMs: number) => Promise<void>;
  readonly onMoved?: ((messages: number) => void) | undefined;
  readonly signal: AbortSignal;
}

/**
 * Moves a Company's Messages of some UTC days of a month from warm to cold, Segment by Segment:
 * written, read back whole and compared, recorded, and only then deleted (P6). What a death left
 * behind is finished or undone first.
 *
 * @returns How many Messages are cold now that were not before; none if somebody else is at it.
 */
export async function moveToCold(
  deps: MoveDeps,
  days: CompanyDays & { companyId: string },
  options: MoveToColdOptions,
): Promise<{ moved: number }> {
  const locked = [...eachDay(days)].map((day) => ({ companyNo: days.companyNo, day }));
  const work = (isHeld: IsHeld) => moveDays({ ...deps, isHeld }, days, options);
  return withDayLocks(deps.locks, locked, work, { moved: 0 });
}

async function moveDays(
  deps: MoveDeps & { isHeld: IsHeld },
  days: CompanyDays & { companyId: string },
  options: MoveToColdOptions,
): Promise<{ moved: number }> {
  if (await isKeptWarm(deps.db, days)) return { moved: 0 }; // Since somebody found it ripe.
  const unfinished = await findUnfinished(deps.db, { ...days, madeBy: 'move' });
  for (const entry of unfinished) await settle(deps, entry, options);
  let moved = 0;
  const wanted = { ...days, day: days.firstDay, madeBy: 'move' } as const;
  const segments = dealOut(ahead(readDays(deps.db, days)));
  while (!options.signal.aborted && (await segments.hasMore())) {
    const segment = await makeSegment(deps, wanted, segments.nextSegment());
    await record(deps, segment);
    options.onMoved?.(segment.rows);
    moved += segment.rows;
    await clearSegment(deps, segment, options);
  }
  for (const day of eachDay(days)) await clearActivity(deps.db, days.companyNo, day);
  return { moved };
}

/** Ends what a death interrupted: what nobody reads yet is undone, what is cold already is cleared. */
async function settle(deps: MoveDeps, entry: Entry, options: MoveToColdOptions): Promise<void> {
  if (entry.state === 'live') {
    await clearSegment(deps, entry, options);
    for (const day of eachDay(daysOfSegment(entry))) {
      await clearActivity(deps.db, entry.companyNo, day);
    }
    return;
  }
  await deps.store.remove(entry.objectKey);
  await forget(deps.db, entry.segmentId);
}

/** From here on its Messages are cold: to readers, to the Ledger, and to whoever sends one again. */
async function record(
  { db, isHeld }: Pick<MoveDeps, 'db'> & { isHeld: IsHeld },
  segment: Segment,
): Promise<void> {
  const { companyNo } = segment;
  const { to } = spanOfDays(daysOfSegment(segment));
  const counts = segment.days.map(
    ({ day, rows }) => sql`(${companyNo}, ${day}, ${MOVES_SLOT}, ${-rows}, ${rows})`,
  );
  const work = async (transaction: Kysely<Database>) => {
    await sql`update companies set warm_since = greatest(coalesce(warm_since, ${to}), ${to})
      where company_no = ${companyNo}`.execute(transaction);
    // Somebody else may have moved the same rows since our locks went.
    const isOurs = await isHeld(transaction);
    if (!isOurs || !(await putLive(transaction, segment, { isCleared: false }))) {
      throw segmentGivenUp(segment.objectKey);
    }
    await sql`insert into ledger (company_no, day, slot, warm, cold) values ${sql.join(counts)}
      on duplicate key update warm = warm + values(warm), cold = cold + values(cold)`.execute(
      transaction,
    );
  };
  await retryDeadlocks(() => db.transaction().execute(work));
}
