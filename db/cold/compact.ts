import type { Kysely } from 'kysely';
import { instantOf } from '../../domain/instant.ts';
import type { Segment } from '../../domain/segment.ts';
import { toDatetime } from '../datetime.ts';
import { compareRows } from '../message-row.ts';
import type { Database, Datetime } from '../schema.ts';
import { lockCompany } from '../boundaries.ts';
import { type Entry, findLive, findUnfinished, forget, putLive, retire } from './catalogue.ts';
import { type NumberedRow, rowAt } from './columns.ts';
import { withDayLocks } from './day-locks.ts';
import { segmentCorrupt, segmentGivenUp } from './faults.ts';
import { makeSegment } from './make-segment.ts';
import { dealOut } from './row-groups.ts';
import { retryDeadlocks } from '../retry-deadlocks.ts';
import { segmentGroups } from './walk-segment.ts';
import type { ColdDeps, MoveDeps } from './write-segment.ts';

/** Larger ones are worth a read of their own. */
export const SMALL_ROWS_MAX = 100_000;
/** Of one new Segment; what is left of the month makes another one. */
const ROWS_MAX = 500_000;

/** A month of a Company. */
export interface CompanyMonth {
  readonly companyId: string;
  readonly companyNo: number;
  /** `YYYY-MM` */
  readonly month: string;
}

/**
 * Puts one Segment in the place of a month's small ones: all of them read, the new one written, read
 * back and compared, then put live while the old ones retire. Readers see the same before and after.
 *
 * @returns How many Segments were replaced, and how many Messages they held.
 */
export async function compact(
  deps: MoveDeps,
  month: CompanyMonth,
  signal: AbortSignal,
): Promise<{ replaced: number; rows: number }> {
  const { db, store } = deps;
  const { companyNo } = month;
  const day = `${month.month}-01`; // That of compacted Segments.
  const lock = { companyNo, day: month.month };
  const nothing = { replaced: 0, rows: 0 };
  return withDayLocks(
    deps.locks,
    [lock],
    async () => {
      for (const entry of await findUnfinished(db, {
        companyNo,
        firstDay: day,
        lastDay: day,
        madeBy: 'compact',
      })) {
        if (entry.state !== 'writing') continue;
        await store.remove(entry.objectKey);
        await forget(db, entry.segmentId);
      }
      const small = await findSmall(db, month);
      if (small.length < 2 || signal.aborted) return nothing;
      await replace(deps, { ...month, day }, small);
      return { replaced: small.length, rows: countRows(small) };
    },
    nothing,
  );
}

/** As many as make one Segment, in the order of their days. */
async function findSmall(db: Kysely<Database>, { companyNo, month }: CompanyMonth) {
  const live = await findLive(db, { companyNo, ...spanOfMonth(month) });
  const isSmall = (entry: Entry) =>
    entry.isCleared && entry.rows < SMALL_ROWS_MAX && entry.day.startsWith(month);
  const small = live.filter(isSmall);
  // Large texts fill a Segment with few rows: what compaction made is as large as it gets.
  if (small.every(({ madeBy }) => madeBy === 'compact')) return [];
  let rows = 0;
  return small
    .toSorted((a, b) => a.day.localeCompare(b.day))
    .filter((entry) => (rows += entry.rows) <= ROWS_MAX);
}

/** From its first moment to its last one: MySQL refuses a 31st of November. */
export function spanOfMonth(month: string): { since: Datetime; until: Datetime } {
  const [year = 0, number = 0] = month.split('-').map(Number);
  const [from, to] = [Date.UTC(year, number - 1, 1), Date.UTC(year, number, 1)];
  return { since: toDatetime(instantOf(from)), until: toDatetime(instantOf(to - 1)) };
}

async function replace(
  deps: MoveDeps,
  month: CompanyMonth & { day: string },
  old: readonly Entry[],
): Promise<void> {
  const segments = dealOut(inPieces(merged(old.map((entry) => rowsOf(deps, entry)))));
  const made: Segment[] = [];
  while (await segments.hasMore()) {
    made.push(await makeSegment(deps, { ...month, madeBy: 'compact' }, segments.nextSegment()));
  }
  if (countRows(made) !== countRows(old)) {
    throw segmentCorrupt(made[0]?.objectKey ?? '', 'holds not as many as those it is made of');
  }
  const work = async (transaction: Kysely<Database>) => {
    await lockCompany(transaction, month.companyNo);
    const segmentIds = old.map(({ segmentId }) => segmentId);
    if (!(await retire(transaction, segmentIds))) throw segmentGivenUp(old[0]?.objectKey ?? '');
    for (const segment of made) {
      const isOurs = await putLive(transaction, segment, { isCleared: true });
      if (!isOurs) throw segmentGivenUp(segment.objectKey);
    }
  };
  await retryDeadlocks(() => deps.db.transaction().execute(work));
}

function countRows(segments: readonly { rows: number }[]): number {
  return segments.reduce((sum, { rows }) => sum + rows, 0);
}

/** @throws PipelineError `SEGMENT_CORRUPT` if it is not what was once written. */
export async function* rowsOf(deps: ColdDeps, entry: Entry): AsyncGenerator<NumberedRow> {
  const groups = segmentGroups(deps, entry);
  for (;;) {
    const step = await groups.next();
    if (step.done) {
      if (step.value.sha256 === entry.sha256) return;
      throw segmentCorrupt(entry.objectKey, 'its bytes have changed');
    }
    for (const at of step.value.conversationNos.keys()) yield rowAt(step.value, at);
  }
}

/** Several sources, each in the order of a Segment, as one. */
async function* merged(sources: AsyncGenerator<NumberedRow>[]): AsyncGenerator<NumberedRow> {
  const heads: { row: NumberedRow; source: AsyncGenerator<NumberedRow> }[] = [];
  const advance = async (source: AsyncGenerator<NumberedRow>) => {
    const next = await source.next();
    if (!next.done) heads.push({ row: next.value, source });
  };
  for (const source of sources) await advance(source);
  while (heads.length > 0) {
    let first = 0;
    for (const [at, { row }] of heads.entries()) {
      if (comesBefore(row, heads[first]?.row ?? row)) first = at;
    }
    const [head] = heads.splice(first, 1);
    if (!head) return;
    yield head.row;
    await advance(head.source);
  }
}

function comesBefore(a: NumberedRow, b: NumberedRow): boolean {
  if (a.conversation_no !== b.conversation_no) return a.conversation_no < b.conversation_no;
  return compareRows(a, b) < 0;
}

const PIECE_ROWS = 1_024;
/** In UTF-8 and escaped at most three times as many bytes: MariaDB takes 16 MiB in one statement. */
const PIECE_TEXT_MAX = 4 * 1024 * 1024;

export async function* inPieces(
  rows: AsyncIterable<NumberedRow>,
): AsyncGenerator<readonly NumberedRow[]> {
  let piece: NumberedRow[] = [];
  let textLength = 0;
  for await (const row of rows) {
    textLength += row.content.length + (row.metadata?.length ?? 0);
    if (piece.push(row) < PIECE_ROWS && textLength < PIECE_TEXT_MAX) continue;
    yield piece;
    piece = [];
    textLength = 0;
  }
  if (piece.length > 0) yield piece;
}
