import { compareRows, type MessageRow } from './message-row.ts';
import { isForward, type Range, rowsWanted } from './page-range.ts';

/**
 * Rows of several sources as one page, in the order the page goes. What stands in two of them was
 * being moved while we looked, and is shown once (P3).
 */
export function mergeRows(
  sources: readonly (readonly MessageRow[])[],
  range: Range,
): readonly MessageRow[] {
  const sign = isForward(range) ? 1 : -1;
  const rows = sources.flat().toSorted((a, b) => sign * compareRows(a, b));
  const once = rows.filter((row, at) => {
    const before = rows[at - 1];
    return before === undefined || compareRows(before, row) !== 0;
  });
  return once.slice(0, rowsWanted(range));
}
