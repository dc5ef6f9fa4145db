import { type Kysely, sql } from 'kysely';
import type { Segment } from '../../domain/segment.ts';
import { retryDeadlocks } from '../retry-deadlocks.ts';
import type { Database } from '../schema.ts';
import { type Entry, findUnfinished, forget, noteCleared, putLive } from './catalogue.ts';
import { clearActivity, clearGroup } from './clear-warm.ts';
import { withDayLocks } from './day-locks.ts';
import { segmentGivenUp } from './faults.ts';
import { makeSegment } from './make-segment.ts';
import { type CompanyDay, readDay, spanOfDay } from './read-day.ts';
import { ahead } from './read-ahead.ts';
import { dealOut } from './row-groups.ts';
import { segmentKeys } from './walk-segment.ts';
import type { MoveDeps } from './write-segment.ts';

export interface MoveToColdOptions {
  readonly breathe: (tookMs: number) => Promise<void>;
  readonly onMoved?: ((messages: number) => void) | undefined;
  readonly signal: AbortSignal;
}

/**
 * Moves a Company's Messages of one UTC day from warm to cold, Segment by Segment: written, read
 * back whole and compared, recorded, and only then deleted (P6). What a death left behind is
 * finished or undone first.
 *
 * @returns How many Messages are cold now that were not before; none if somebody else is at it.
 */
export async function moveToCold(
  deps: MoveDeps,
  day: CompanyDay & { companyId: string },
  options: MoveToColdOptions,
): Promise<{ moved: number }> {
  return withDayLocks(deps.locks, [day], () => moveDay(deps, day, options), { moved: 0 });
}

async function moveDay(
  deps: MoveDeps,
  day: CompanyDay & { companyId: string },
  options: MoveToColdOptions,
): Promise<{ moved: number }> {
  const unfinished = await findUnfinished(deps.db, { ...day, madeBy: 'move' });
  for (const entry of unfinished) await settle(deps, entry, options);
  let moved = 0;
  const segments = dealOut(ahead(readDay(deps.db, day)));
  while (!options.signal.aborted && (await segments.hasMore())) {
    const segment = await makeSegment(deps, { ...day, madeBy: 'move' }, segments.nextSegment());
    await record(deps.db, day, segment);
    options.onMoved?.(segment.rows);
    moved += segment.rows;
    await clear(deps, { ...segment, day: day.day }, options);
  }
  await clearActivity(deps.db, day);
  return { moved };
}

/** Ends what a death interrupted: what nobody reads yet is undone, what is cold already is cleared. */
async function settle(deps: MoveDeps, entry: Entry, options: MoveToColdOptions): Promise<void> {
  if (entry.state === 'live') return clear(deps, entry, options);
  await deps.store.remove(entry.objectKey);
  await forget(deps.db, entry.segmentId);
}

/** From here on its Messages are cold: to readers, to the Ledger, and to whoever sends one again. */
async function record(db: Kysely<Database>, day: CompanyDay, segment: Segment): Promise<void> {
  const work = async (transaction: Kysely<Database>) => {
    const { to } = spanOfDay(day.day);
    await sql`update companies set warm_since = greatest(coalesce(warm_since, ${to}), ${to})
      where company_no = ${day.companyNo}`.execute(transaction);
    if (!(await putLive(transaction, segment, { isCleared: false })))
      throw segmentGivenUp(segment.objectKey);
    await sql`insert into ledger (company_no, day, slot, warm, cold)
      values (${day.companyNo}, ${day.day}, 32, ${-segment.rows}, ${segment.rows})
      on duplicate key update warm = warm + values(warm), cold = cold + values(cold)`.execute(
      transaction,
    );
  };
  await retryDeadlocks(() => db.transaction().execute(work));
}

/** Deletes from warm, row group by row group, what the Segment holds. */
async function clear(
  deps: MoveDeps,
  segment: Pick<Entry, 'segmentId' | 'companyNo' | 'objectKey' | 'bytes' | 'footerBytes' | 'day'>,
  options: MoveToColdOptions,
): Promise<void> {
  for await (const keys of segmentKeys(deps, segment)) {
    const startedAt = performance.now();
    await clearGroup(deps.db, segment, keys);
    await options.breathe(performance.now() - startedAt);
  }
  await noteCleared(deps.db, segment.segmentId);
}
