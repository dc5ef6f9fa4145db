import { PipelineError } from '../../domain/errors.ts';
import type { Instant } from '../../domain/instant.ts';
import { timeOf, toDatetime } from '../datetime.ts';
import { mergeRows } from '../merge-rows.ts';
import { compareRows, type MessageRow } from '../message-row.ts';
import { isForward, type Range, rowsWanted, spanOf } from '../page-range.ts';
import type { Entry } from './catalogue.ts';
import { rowAt } from './columns.ts';
import { segmentCorrupt } from './faults.ts';
import { eachAtOnce } from '../each-at-once.ts';
import type { ColdReader } from './footers.ts';
import { groupsOfPage, type NumberedGroup } from './groups-of-page.ts';
import { decodeGroup, decodeTimes } from './segment.ts';
import type { RowGroup, SegmentFooter } from './segment-footer.ts';

/** Part of a history that cannot be read: its Segment is damaged or gone. */
export interface Gap {
  readonly from: Instant;
  readonly to: Instant;
}

export interface ColdPage {
  readonly rows: readonly MessageRow[];
  readonly gaps: readonly Gap[];
}

/** Whose Messages of a Company are wanted; absent: everybody's. */
export interface Whose {
  readonly conversationNos?: ReadonlySet<number>;
  readonly clientId?: string;
}

/**
 * The page as far as the cold tier knows it. Segments are looked at in the order of the page, and
 * only until it is full.
 *
 * @param above What the tiers above gave.
 * @throws PipelineError `COLD_UNREACHABLE`
 */
export async function readCold(
  reader: ColdReader,
  range: Range,
  wanted: { segments: readonly Entry[]; whose: Whose; above: readonly MessageRow[] },
): Promise<ColdPage> {
  const { segments, whose } = wanted;
  let rows = wanted.above;
  const gaps: Gap[] = [];
  for (const segment of inPageOrder(segments, range, momentsOf)) {
    if (isBeyond(momentsOf(segment), rows, range)) break;
    try {
      rows = await readSegment(reader, range, { segment, whose, above: rows });
    } catch (error) {
      if (!isDamaged(error)) throw error;
      gaps.push({ from: segment.firstCreatedAt, to: segment.lastCreatedAt });
    }
  }
  return { rows, gaps };
}

/** Between which moments a Segment or a row group lies. */
type Moments = Pick<RowGroup, 'firstCreatedAtMs' | 'lastCreatedAtMs'>;

function momentsOf({ firstCreatedAt, lastCreatedAt }: Entry): Moments {
  return {
    firstCreatedAtMs: Date.parse(firstCreatedAt),
    lastCreatedAtMs: Date.parse(lastCreatedAt),
  };
}

function inPageOrder<Part>(
  parts: readonly Part[],
  range: Range,
  whenIs: (part: Part) => Moments,
): Part[] {
  return parts.toSorted((a, b) => {
    const [one, other] = [whenIs(a), whenIs(b)];
    return isForward(range)
      ? one.firstCreatedAtMs - other.firstCreatedAtMs
      : other.lastCreatedAtMs - one.lastCreatedAtMs;
  });
}

/** Whether the page is full without what lies there, and so without all that follows in its order. */
function isBeyond(moments: Moments, rows: readonly MessageRow[], range: Range): boolean {
  const last = rows[rowsWanted(range) - 1];
  if (!last) return false;
  const edgeMs = timeOf(last.created_at);
  return isForward(range) ? moments.firstCreatedAtMs > edgeMs : moments.lastCreatedAtMs < edgeMs;
}

function isDamaged(error: unknown): boolean {
  return (
    error instanceof PipelineError && ['SEGMENT_CORRUPT', 'OBJECT_MISSING'].includes(error.code)
  );
}

/** While one is decoded, others are fetched. A Conversation's page mostly needs no second one. */
const groupsAtOnce = ({ conversationNos }: Whose) => (conversationNos?.size === 1 ? 1 : 4);

/** The page with what a Segment has of it. */
async function readSegment(
  reader: ColdReader,
  range: Range,
  { segment, whose, above }: { segment: Entry; whose: Whose; above: readonly MessageRow[] },
): Promise<readonly MessageRow[]> {
  const footer = await reader.footers.of(segment);
  const span = spanMs(range);
  let groups: NumberedGroup[] = [...footer.groups.entries()].filter(
    ([, group]) => mayHold(group, whose) && overlaps(group, span),
  );
  if (!whose.conversationNos && groups.length > 1) {
    groups = await groupsOfPage(reader, { segment, footer, groups }, range);
  }
  let rows = above;
  const inOrder = inPageOrder(groups, range, ([, group]) => group);
  await eachAtOnce(inOrder, groupsAtOnce(whose), async ([nth, group]) => {
    if (isBeyond(group, rows, range)) return;
    const { startByte: from, endByte: to } = group;
    const bytes = await reader.store.read(segment.objectKey, { from, to });
    const decoding = decodeWanted(footer, nth, { cut: { bytes, from }, rows, range, whose });
    const found = await decoding.catch((error: unknown) => {
      throw segmentCorrupt(segment.objectKey, error instanceof Error ? error.message : 'unknown');
    });
    rows = mergeRows([rows, found], range);
  });
  return rows;
}

function mayHold(group: RowGroup, { conversationNos }: Whose): boolean {
  if (!conversationNos) return true;
  for (const no of conversationNos) {
    if (no >= group.firstConversationNo && no <= group.lastConversationNo) return true;
  }
  return false;
}

function spanMs(range: Range): { sinceMs: number; untilMs: number } {
  const { since, until } = spanOf(range);
  return {
    sinceMs: since === null ? -Infinity : timeOf(since),
    untilMs: until === null ? Infinity : timeOf(until),
  };
}

function overlaps(group: RowGroup, span: ReturnType<typeof spanMs>): boolean {
  return group.lastCreatedAtMs >= span.sinceMs && group.firstCreatedAtMs <= span.untilMs;
}

/** Decodes a row group, unless its times show that the page is full without it. */
async function decodeWanted(
  footer: SegmentFooter,
  nth: number,
  wanted: {
    cut: { bytes: Uint8Array; from: number };
    rows: readonly MessageRow[];
    range: Range;
    whose: Whose;
  },
): Promise<readonly MessageRow[]> {
  const { cut, rows, range, whose } = wanted;
  const last = rows[rowsWanted(range) - 1];
  if (last) {
    const edge = timeOf(last.created_at);
    const times = await decodeTimes(footer, nth, cut);
    const isNearer = (timeMs: number) => (isForward(range) ? timeMs <= edge : timeMs >= edge);
    if (!times.some(isNearer)) return [];
  }
  const columns = await decodeGroup(footer, nth, cut);
  const found: MessageRow[] = [];
  for (const [at, no] of columns.conversationNos.entries()) {
    if (whose.conversationNos && !whose.conversationNos.has(no)) continue;
    if (whose.clientId !== undefined && columns.clientIds[at] !== whose.clientId) continue;
    const row = rowAt(columns, at);
    if (isWithin(row, range)) found.push(row);
  }
  return found;
}

/** What the tiers in MySQL say in SQL. */
function isWithin(row: MessageRow, range: Range): boolean {
  const { from, to } = range.request;
  if (from !== undefined && row.created_at < toDatetime(from)) return false;
  if (to !== undefined && row.created_at >= toDatetime(to)) return false;
  const { position } = range;
  if (!position) return true;
  const edge = { created_at: toDatetime(position.createdAt), message_id: position.messageKey };
  const side = compareRows(row, edge);
  return isForward(range) ? side > 0 : side < 0;
}
