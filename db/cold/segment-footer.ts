import { type ColumnMetaData, type FileMetaData, parquetMetadata } from 'hyparquet';
import { type GroupChecksums, readChecksums } from './checksums.ts';

/** The table of contents of a Segment, read from its last bytes. */
export interface SegmentFooter {
  readonly groups: readonly RowGroup[];
  readonly metadata: FileMetaData;
}

/** Where the parts of a row group lie that are read at once. */
export interface GroupPlace {
  readonly startByte: number;
  /** Exclusive. */
  readonly endByte: number;
  /** Where its times lie. */
  readonly timesStartByte: number;
  readonly timesEndByte: number;
}

/** Where a row group lies, and what it holds. All bounds are inclusive. */
export interface RowGroup extends GroupPlace {
  readonly rows: number;
  readonly firstConversationNo: number;
  readonly lastConversationNo: number;
  readonly firstCreatedAtMs: number;
  readonly lastCreatedAtMs: number;
  /** Null: it was written before there were any. */
  readonly checksums: GroupChecksums | null;
}

/** What the Catalogue knows of a Segment. */
export interface KnownSegment {
  readonly bytes: number;
  readonly rows: number;
}

/** @throws Error If these bytes are not the last ones of such a Segment. */
export function readFooter(tail: Uint8Array, known: KnownSegment): SegmentFooter {
  const checksums = readChecksums(tail);
  const metadata = parquetMetadata(tail, { parsers });
  const groups = metadata.row_groups.map((group, nth) => toRowGroup(group, checksums[nth] ?? null));
  if (!isSound(groups, known)) throw new Error('its table of contents makes no sense');
  return { metadata, groups };
}

/** What is not so would have bytes read that are none of a row group's, or leave Messages out in silence. */
function isSound(groups: readonly RowGroup[], known: KnownSegment): boolean {
  let [endByte, rows] = [0, 0];
  for (const group of groups) {
    const rising = [
      [endByte, group.startByte, group.timesStartByte, group.timesEndByte, group.endByte],
      [group.firstConversationNo, group.lastConversationNo],
      [group.firstCreatedAtMs, group.lastCreatedAtMs],
    ];
    if (!rising.every(isRising)) return false;
    endByte = group.endByte;
    rows += group.rows;
  }
  return endByte <= known.bytes && rows === known.rows;
}

/** NaN, where something is missing, is not even as large as itself. */
function isRising(numbers: readonly number[]): boolean {
  return numbers.every((number, at) => number >= (numbers[at - 1] ?? number));
}

type ParquetGroup = FileMetaData['row_groups'][number];

function toRowGroup(group: ParquetGroup, checksums: GroupChecksums | null): RowGroup {
  const conversation = chunkOf(group, 'conversation_no')?.statistics;
  const createdAt = chunkOf(group, 'created_at')?.statistics;
  return {
    ...placeOf(group),
    rows: Number(group.num_rows),
    firstConversationNo: Number(conversation?.min_value),
    lastConversationNo: Number(conversation?.max_value),
    firstCreatedAtMs: Number(createdAt?.min_value),
    lastCreatedAtMs: Number(createdAt?.max_value),
    checksums,
  };
}

/** By what Parquet says of a row group. */
export function placeOf(group: ParquetGroup): GroupPlace {
  const chunks = chunksOf(group);
  const times = chunkOf(group, 'created_at');
  const startByte = Math.min(...chunks.map(startOf));
  const timesStartByte = times ? startOf(times) : NaN;
  return {
    startByte,
    endByte: startByte + chunks.reduce((sum, chunk) => sum + sizeOf(chunk), 0),
    timesStartByte,
    timesEndByte: timesStartByte + (times ? sizeOf(times) : NaN),
  };
}

const chunksOf = (group: ParquetGroup) => group.columns.flatMap((column) => column.meta_data ?? []);
const chunkOf = (group: ParquetGroup, name: string) =>
  chunksOf(group).find((chunk) => chunk.path_in_schema[0] === name);
const startOf = (chunk: ColumnMetaData) =>
  Number(chunk.dictionary_page_offset ?? chunk.data_page_offset);
const sizeOf = (chunk: ColumnMetaData) => Number(chunk.total_compressed_size);

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
export const parsers = {
  // A text that begins with a byte-order mark keeps it.
  stringFromBytes: (bytes: Uint8Array | undefined) => bytes && utf8.decode(bytes),
  timestampFromMilliseconds: Number,
};
