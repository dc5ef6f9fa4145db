import { type NumberedRow, textLengthOf, toColumns } from './columns.ts';
import type { SegmentColumns } from './segment.ts';

/** A row group is what a page reads at least: about 128 KiB of Messages of fifty bytes. */
const ROWS_PER_GROUP_MAX = 4_096;
const TEXT_PER_GROUP_MAX = 1024 * 1024;
/** A larger Segment would only make its table of contents longer than a page may cost. */
export const ROWS_PER_SEGMENT_MAX = 500_000;
const TEXT_PER_SEGMENT_MAX = 256 * 1024 * 1024;

/** Deals rows out into Segments, and within these into row groups; nothing is read ahead of need. */
export function dealOut(rows: AsyncIterable<readonly NumberedRow[]>) {
  const source = rows[Symbol.asyncIterator]();
  const held: NumberedRow[] = [];
  let isDry = false;

  /** Whether a row group ends with a Conversation is told by the row after it. */
  async function fill(): Promise<void> {
    while (!isDry && sizeOfGroup(held).count === held.length) {
      const next = await source.next();
      if (next.done) isDry = true;
      else held.push(...next.value);
    }
  }

  /** As many of those held as a row group takes. */
  function takeGroup(): { columns: SegmentColumns; textLength: number } {
    const { count, textLength } = sizeOfGroup(held);
    return { columns: toColumns(held.splice(0, wholeConversations(held, count))), textLength };
  }

  return {
    /** Whether there is another Segment to be written. */
    async hasMore(): Promise<boolean> {
      await fill();
      return held.length > 0;
    },
    /** The row groups of the next Segment. */
    async *nextSegment(): AsyncGenerator<SegmentColumns> {
      let [rowCount, textLength] = [0, 0];
      while (rowCount < ROWS_PER_SEGMENT_MAX && textLength < TEXT_PER_SEGMENT_MAX) {
        await fill();
        if (held.length === 0) return;
        const group = takeGroup();
        rowCount += group.columns.conversationNos.length;
        textLength += group.textLength;
        yield group.columns;
      }
    },
  };
}

/** How many of some rows a row group takes. */
function sizeOfGroup(rows: readonly NumberedRow[]): { count: number; textLength: number } {
  let textLength = 0;
  let count = 0;
  for (const row of rows) {
    if (count === ROWS_PER_GROUP_MAX || (count > 0 && textLength > TEXT_PER_GROUP_MAX)) break;
    textLength += textLengthOf(row);
    count += 1;
  }
  return { count, textLength };
}

/** How much of a row group may be given up so that it ends with a Conversation. */
const GIVEN_UP_SHARE = 1 / 8;

/** A page of a Conversation is one read where its rows lie in one row group. */
function wholeConversations(rows: readonly NumberedRow[], count: number): number {
  const least = count * (1 - GIVEN_UP_SHARE);
  for (let end = count; end >= least; end -= 1) {
    if (rows[end]?.conversation_no !== rows[end - 1]?.conversation_no) return end;
  }
  return count; // A long one: somewhere it has to be cut.
}
