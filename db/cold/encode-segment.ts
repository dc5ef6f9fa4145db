import { constants, zstdCompressSync } from 'node:zlib';
import type { ColumnChunk } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { BloomBuilder } from 'hyparquet-writer/src/bloom.js';
import { type GroupChecksums, withChecksums } from './checksums.ts';
import {
  asUint8,
  checksumsOf,
  CONVERSATION_ID,
  messageIdAt,
  SCHEMA_VERSION,
  SEGMENT_SCHEMA,
  type SegmentColumns,
  TEXT,
} from './segment.ts';
import { placeOf } from './segment-footer.ts';

const ZSTD = {
  params: {
    /** Of levels 3, 6, 9 and 12: a tenth smaller than 3, and twice as fast as 12. */
    [constants.ZSTD_c_compressionLevel]: 9,
    /** For other readers, who do not know our own checksums. */
    [constants.ZSTD_c_checksumFlag]: 1,
  },
};
const compressors = {
  ZSTD: (bytes: Uint8Array) => asUint8(zstdCompressSync(bytes, ZSTD)),
};

/**
 * Writes a Segment row group by row group; each is one read for whoever wants a page of it, so it
 * should hold some thousand Messages.
 */
export function openSegmentEncoder(companyId: string) {
  const writer = new ByteWriter();
  const parquet = new ParquetWriter({
    writer,
    schema: SEGMENT_SCHEMA,
    codec: 'ZSTD',
    compressors,
    createdBy: 'camadas',
    kvMetadata: [
      { key: 'camadas.schema_version', value: String(SCHEMA_VERSION) },
      { key: 'camadas.company_id', value: companyId },
    ],
  });

  const checksums: GroupChecksums[] = [];

  function take(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(writer.buffer.slice(0, writer.index));
    writer.index = 0; // What was taken is the caller's; offsets in the file go on.
    return bytes;
  }

  return {
    /** @returns The next bytes of the file. */
    async add(columns: SegmentColumns): Promise<Uint8Array<ArrayBuffer>> {
      const rows = columns.conversationNos.length;
      const columnData = toColumnData(columns);
      await parquet.write({ columnData, rowGroupSize: rows, pageSize: PAGE_BYTES_MAX });
      const column = parquet.pendingIndexes.findLast(({ chunk }) => isOfConversations(chunk));
      const bloomFilter = bloomFilterOf(columns.conversationIds);
      if (column && bloomFilter) column.bloomFilter = bloomFilter;
      const bytes = take();
      const from = writer.offset - bytes.length;
      for (const group of parquet.row_groups.slice(-1)) {
        checksums.push(checksumsOf(placeOf(group), { bytes, from }));
      }
      return bytes;
    },
    /** @returns The last bytes: indexes, bloom filters, checksums, and the footer. */
    async finish() {
      await parquet.finish();
      return withChecksums(take(), checksums);
    },
  };
}

/**
 * Which Conversations a row group has. By the library's own option each row would be hashed, which
 * took a third of all encoding: rows of a Conversation follow each other.
 */
function bloomFilterOf(conversationIds: readonly string[]): Uint32Array | undefined {
  const builder = new BloomBuilder({ name: CONVERSATION_ID, ...TEXT });
  for (const conversationId of new Set(conversationIds)) builder.insert(conversationId);
  return builder.finalize();
}

function isOfConversations({ meta_data: about }: ColumnChunk): boolean {
  return about?.path_in_schema[0] === CONVERSATION_ID;
}

/** One page for each column: row groups are small enough. */
const PAGE_BYTES_MAX = 2 ** 30;
/** Statistics where they lead to a row group; elsewhere they would only make the footer long. */
const plain = { statistics: false } as const;

function toColumnData(columns: SegmentColumns) {
  const ids = columns.messageIds;
  return [
    {
      name: 'conversation_no',
      data: columns.conversationNos,
      encoding: 'DELTA_BINARY_PACKED' as const,
    },
    { name: CONVERSATION_ID, data: columns.conversationIds, ...plain },
    { name: 'client_id', data: columns.clientIds, ...plain },
    {
      name: 'created_at',
      data: columns.createdAtMs.map(BigInt),
      encoding: 'DELTA_BINARY_PACKED' as const,
    },
    {
      name: 'message_id',
      data: columns.conversationNos.map((_, at) => messageIdAt(ids, at)),
      // As a split stream it would take 1.4 bytes less of 13, and DuckDB could not read it.
      encoding: 'PLAIN' as const,
      ...plain,
    },
    { name: 'external_id', data: columns.externalIds, ...plain },
    { name: 'role', data: columns.roles, ...plain },
    { name: 'content', data: columns.contents, ...plain },
    { name: 'metadata', data: columns.metadata, ...plain },
  ];
}
