import { eachAtOnce } from '../each-at-once.ts';
import { timeOf } from '../datetime.ts';
import { isForward, type Range, rowsWanted, spanOf } from '../page-range.ts';
import type { Entry } from './catalogue.ts';
import { segmentCorrupt } from './faults.ts';
import type { ColdReader } from './footers.ts';
import { decodeTimes } from './segment.ts';
import type { RowGroup, SegmentFooter } from './segment-footer.ts';

/** A row group and its number within the Segment. */
export type NumberedGroup = readonly [number, RowGroup];

/** Reads that wait for the store at once. */
const READS_AT_ONCE = 8;

/**
 * Those row groups that a page of a whole Company needs. Each spans the whole day, as rows lie by
 * Conversation; so their times alone are read first, a tenth of them, and tell where the page ends.
 */
export async function groupsOfPage(
  reader: ColdReader,
  {
    segment,
    footer,
    groups,
  }: {
    segment: Entry;
    footer: SegmentFooter;
    groups: readonly NumberedGroup[];
  },
  range: Range,
): Promise<NumberedGroup[]> {
  const timed: { group: NumberedGroup; times: readonly number[] }[] = [];
  await eachAtOnce(groups, READS_AT_ONCE, async (group) => {
    timed.push({ group, times: await readTimes(reader, { segment, footer }, group) });
  });
  const isOnPage = openPage(
    timed.map(({ times }) => times),
    range,
  );
  return timed.filter(({ times }) => times.some(isOnPage)).map(({ group }) => group);
}

async function readTimes(
  { store }: ColdReader,
  { segment, footer }: { segment: Entry; footer: SegmentFooter },
  [nth, { timesStartByte: from, timesEndByte: to }]: NumberedGroup,
): Promise<readonly number[]> {
  const bytes = await store.read(segment.objectKey, { from, to });
  return decodeTimes(footer, nth, { bytes, from }).catch(() => {
    throw segmentCorrupt(segment.objectKey, 'the times of a row group cannot be decoded');
  });
}

/** @returns Whether a Message of that time may be on the page. */
function openPage(
  times: readonly (readonly number[])[],
  range: Range,
): (timeMs: number) => boolean {
  const { since, until } = spanOf(range);
  const sinceMs = since === null ? -Infinity : timeOf(since);
  const untilMs = until === null ? Infinity : timeOf(until);
  // Those at the very bounds may be on the page or not, so the page is not counted full with them.
  const surely = Float64Array.from(
    times.flatMap((some) => some.filter((timeMs) => timeMs > sinceMs && timeMs < untilMs)),
  ).toSorted();
  const edgeMs = surely.at(isForward(range) ? rowsWanted(range) - 1 : -rowsWanted(range));
  const [firstMs, lastMs] = isForward(range)
    ? [sinceMs, edgeMs ?? untilMs]
    : [edgeMs ?? sinceMs, untilMs];
  return (timeMs) => timeMs >= firstMs && timeMs <= lastMs;
}
