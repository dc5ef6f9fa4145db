import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { PipelineError } from '../../domain/errors.ts';
import { objectKeyOf, type Segment } from '../../domain/segment.ts';
import type { Database } from '../schema.ts';
import { announce, type Entry, findUnfinished, forget, noteCleared, putLive } from './catalogue.ts';
import { clearActivity, clearGroup } from './clear-warm.ts';
import { segmentCorrupt } from './faults.ts';
import { type CompanyDay, readDay, spanOfDay } from './read-day.ts';
import { dealOut } from './row-groups.ts';
import { openSegmentThread } from './segment-thread.ts';
import type { SegmentColumns } from './segment.ts';
import type { ColdStore } from './store.ts';
import { walkSegment } from './walk-segment.ts';
import { type ColdDeps, writeSegment } from './write-segment.ts';

export interface MoveToColdOptions {
  readonly breathe: (tookMs: number) => Promise<void>;
  readonly onMoved?: ((messages: number) => void) | undefined;
  readonly signal: AbortSignal;
}

interface Deps extends ColdDeps {
  readonly db: Kysely<Database>;
}

/**
 * Moves a Company's Messages of one UTC day from warm to cold, Segment by Segment: written, read
 * back whole and compared, recorded, and only then deleted (P6). What a death left behind is
 * finished or undone first.
 *
 * @returns How many Messages are cold now that were not before; none if somebody else is at it.
 */
export async function moveToCold(
  { db, store }: { db: Kysely<Database>; store: ColdStore },
  day: CompanyDay & { companyId: string },
  options: MoveToColdOptions,
): Promise<{ moved: number }> {
  return withDayLock(db, day, async () => {
    const thread = openSegmentThread();
    try {
      return await moveDay({ db, store, thread }, day, options);
    } finally {
      await thread.close();
    }
  });
}

async function moveDay(
  deps: Deps,
  day: CompanyDay & { companyId: string },
  options: MoveToColdOptions,
): Promise<{ moved: number }> {
  for (const entry of await findUnfinished(deps.db, day)) await settle(deps, entry, options);
  let moved = 0;
  const segments = dealOut(readDay(deps.db, day));
  while (!options.signal.aborted && (await segments.hasMore())) {
    const segment = await makeSegment(deps, day, segments.nextSegment());
    await record(deps.db, day, segment);
    options.onMoved?.(segment.rows);
    moved += segment.rows;
    await clear(deps, { ...segment, day: day.day }, options);
  }
  await clearActivity(deps.db, day);
  return { moved };
}

/** Ends what a death interrupted: what nobody reads yet is undone, what is cold already is cleared. */
async function settle(deps: Deps, entry: Entry, options: MoveToColdOptions): Promise<void> {
  if (entry.state === 'live') return clear(deps, entry, options);
  await deps.store.remove(entry.objectKey);
  await forget(deps.db, entry.segmentId);
}

async function makeSegment(
  deps: Deps,
  { companyId, companyNo, day }: CompanyDay & { companyId: string },
  groups: AsyncIterable<SegmentColumns>,
): Promise<Segment> {
  const segmentId = randomUUID();
  const objectKey = objectKeyOf(companyId, day, segmentId);
  await announce(deps.db, { segmentId, companyNo, objectKey, day });
  const written = await writeSegment(deps, { companyId, objectKey }, groups);
  const found = await walkSegment(deps, { ...written, objectKey });
  if (found.sha256 !== written.sha256 || found.rowsSha256 !== written.rowsSha256) {
    throw segmentCorrupt(objectKey, 'does not read back as it was written');
  }
  return { ...written, segmentId, companyNo, objectKey };
}

/** From here on its Messages are cold: to readers, to the Ledger, and to whoever sends one again. */
async function record(db: Kysely<Database>, day: CompanyDay, segment: Segment): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    const { to } = spanOfDay(day.day);
    await sql`update companies set warm_since = greatest(coalesce(warm_since, ${to}), ${to})
      where company_no = ${day.companyNo}`.execute(transaction);
    if (!(await putLive(transaction, segment, { isCleared: false }))) throw givenUp(segment);
    await sql`insert into ledger (company_no, day, slot, warm, cold)
      values (${day.companyNo}, ${day.day}, 32, ${-segment.rows}, ${segment.rows})
      on duplicate key update warm = warm + values(warm), cold = cold + values(cold)`.execute(
      transaction,
    );
  });
}

/** Deletes from warm, row group by row group, what the Segment holds. */
async function clear(
  deps: Deps,
  segment: Segment & { readonly day: string },
  options: MoveToColdOptions,
): Promise<void> {
  await walkSegment(deps, segment, async (group) => {
    const startedAt = performance.now();
    await clearGroup(deps.db, segment, group);
    await options.breathe(performance.now() - startedAt);
  });
  await noteCleared(deps.db, segment.segmentId);
}

/**
 * One at a time for each day. The lock belongs to a connection, so a death gives it back; should the
 * connection go alone, `putLive` tells the one who lost it.
 */
async function withDayLock(
  db: Kysely<Database>,
  { companyNo, day }: CompanyDay,
  work: () => Promise<{ moved: number }>,
): Promise<{ moved: number }> {
  return db.connection().execute(async (connection) => {
    const name = sql`concat('camadas ', left(sha2(concat(database(), ${companyNo}, ${day}), 256), 40))`;
    const { rows } = await sql<{
      isOurs: number | string;
    }>`select get_lock(${name}, 0) as isOurs`.execute(connection);
    if (Number(rows[0]?.isOurs) !== 1) return { moved: 0 };
    try {
      return await work();
    } finally {
      await sql`do release_lock(${name})`.execute(connection).catch(() => {});
    }
  });
}

const givenUp = ({ objectKey }: Segment) =>
  new PipelineError('SEGMENT_GIVEN_UP', `segment ${objectKey}: somebody else took the day over`, {
    retry: 'backoff',
  });
