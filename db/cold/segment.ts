import { crc32, zstdDecompressSync } from 'node:zlib';
import { parquetScan, type SchemaElement } from 'hyparquet';
import type { GroupChecksums } from './checksums.ts';
import { type GroupPlace, parsers, type RowGroup, type SegmentFooter } from './segment-footer.ts';

/** What its Messages are known by in MySQL. */
export type SegmentKeys = Pick<SegmentColumns, 'conversationNos' | 'createdAtMs' | 'messageIds'>;

/**
 * What a Segment is made of: Messages of one Company in `(conversationNo, createdAt, messageId)`
 * order, column by column. All arrays are equally long, `messageIds` sixteen times that.
 */
export interface SegmentColumns {
  readonly conversationNos: number[];
  readonly conversationIds: string[];
  readonly clientIds: string[];
  /** Milliseconds since 1970. */
  readonly createdAtMs: number[];
  /** 16 bytes each, see `messageKey`. */
  readonly messageIds: Uint8Array;
  readonly externalIds: (string | null)[];
  readonly roles: string[];
  readonly contents: string[];
  /** JSON text, as it was given. */
  readonly metadata: (string | null)[];
}

/** Grows when columns are added; readers of today must be able to read every version. */
export const SCHEMA_VERSION = 1;
const MESSAGE_ID_BYTES = 16;
export const CONVERSATION_ID = 'conversation_id';

export const TEXT = {
  type: 'BYTE_ARRAY',
  converted_type: 'UTF8',
  logical_type: { type: 'STRING' },
} as const;
const required = { repetition_type: 'REQUIRED' } as const;
const optional = { repetition_type: 'OPTIONAL' } as const;

/** The published schema: `docs/bi.md` tells what each column means. */
export const SEGMENT_SCHEMA: SchemaElement[] = [
  { name: 'message', num_children: 9 },
  { name: 'conversation_no', type: 'INT32', ...required },
  { name: CONVERSATION_ID, ...TEXT, ...required },
  { name: 'client_id', ...TEXT, ...required },
  {
    name: 'created_at',
    type: 'INT64',
    converted_type: 'TIMESTAMP_MILLIS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
    ...required,
  },
  // Without the note that these are UUIDs: Spark 4 refuses a file that has it, all others do without.
  {
    name: 'message_id',
    type: 'FIXED_LEN_BYTE_ARRAY',
    type_length: MESSAGE_ID_BYTES,
    ...required,
  },
  { name: 'external_id', ...TEXT, ...optional },
  { name: 'role', ...TEXT, ...required },
  { name: 'content', ...TEXT, ...required },
  { name: 'metadata', ...TEXT, ...optional },
];

const decompressors = { ZSTD: (bytes: Uint8Array) => asUint8(zstdDecompressSync(bytes)) };

export const asUint8 = (buffer: Buffer) =>
  new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);

export function messageIdAt(messageIds: Uint8Array, at: number): Uint8Array {
  return messageIds.subarray(at * MESSAGE_ID_BYTES, (at + 1) * MESSAGE_ID_BYTES);
}

/** Where the bytes of a row group were cut out of its file. */
export interface GroupBytes {
  readonly bytes: Uint8Array;
  /** What of the file the first of them is; at most the `startByte` of the row group. */
  readonly from: number;
}

/** By which a row group is known to be what was written. */
export function checksumsOf(place: GroupPlace, { bytes, from }: GroupBytes): GroupChecksums {
  const { startByte, endByte, timesStartByte, timesEndByte } = place;
  return {
    whole: crc32(bytes.subarray(startByte - from, endByte - from)),
    times: crc32(bytes.subarray(timesStartByte - from, timesEndByte - from)),
  };
}

/**
 * The Messages of a row group.
 *
 * @throws Error If the bytes are not what was written.
 */
export async function decodeGroup(
  footer: SegmentFooter,
  nth: number,
  cut: GroupBytes,
): Promise<SegmentColumns> {
  const read = await openGroup(footer, nth, { cut, part: 'whole' });
  return {
    ...(await readKeys(read)),
    conversationIds: await read<string>('conversation_id'),
    clientIds: await read<string>('client_id'),
    externalIds: (await read<string | null>('external_id')).map(orNull),
    roles: await read<string>('role'),
    contents: await read<string>('content'),
    metadata: (await read<string | null>('metadata')).map(orNull),
  };
}

const orNull = (value: string | null | undefined) => value ?? null;

/** The same, only their keys. */
export async function decodeKeys(
  footer: SegmentFooter,
  nth: number,
  cut: GroupBytes,
): Promise<SegmentKeys> {
  return readKeys(await openGroup(footer, nth, { cut, part: 'whole' }));
}

async function readKeys(read: ReadColumn): Promise<SegmentKeys> {
  const ids = await read<Uint8Array>('message_id');
  const messageIds = new Uint8Array(ids.length * MESSAGE_ID_BYTES);
  for (const [at, id] of ids.entries()) messageIds.set(id, at * MESSAGE_ID_BYTES);
  return {
    conversationNos: await read<number>('conversation_no'),
    createdAtMs: (await read<number | bigint>('created_at')).map(Number),
    messageIds,
  };
}

/** The times alone, in milliseconds since 1970: what tells whether a row group is worth decoding. */
export async function decodeTimes(
  footer: SegmentFooter,
  nth: number,
  cut: GroupBytes,
): Promise<number[]> {
  const read = await openGroup(footer, nth, { cut, part: 'times' });
  return (await read<number | bigint>('created_at')).map(Number);
}

type ReadColumn = <Value>(column: string) => Promise<Value[]>;

async function openGroup(
  { metadata, groups }: SegmentFooter,
  nth: number,
  { cut, part }: { cut: GroupBytes; part: keyof GroupChecksums },
): Promise<ReadColumn> {
  const [group, info] = [metadata.row_groups[nth], groups[nth]];
  if (!group || !info) throw new RangeError(`row group ${nth} of ${groups.length}`);
  if (hasChanged(info, cut, part)) throw new Error('its bytes have changed');
  const { rows, endByte } = info;
  const scan = await parquetScan({
    file: {
      byteLength: endByte,
      slice: (from: number, to = endByte) =>
        new Uint8Array(cut.bytes.subarray(from - cut.from, to - cut.from)).buffer,
    },
    metadata: { ...metadata, row_groups: [group], num_rows: BigInt(rows) },
    compressors: decompressors,
    parsers,
    useOffsetIndex: false,
  });
  return async <Value>(column: string) =>
    Array.from(await scan.readColumn({ column, rowStart: 0, rowEnd: rows })) as Value[];
}

/** Parquet itself would not tell: a bit of an id that flipped makes another id. */
function hasChanged(group: RowGroup, cut: GroupBytes, part: keyof GroupChecksums): boolean {
  return group.checksums !== null && checksumsOf(group, cut)[part] !== group.checksums[part];
}
