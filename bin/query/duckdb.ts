import type { DuckDBConnection, DuckDBValueConverter, Json } from '@duckdb/node-api';
import type { ArchiveObject, ArchiveWanted } from '../../db/cold/archive-objects.ts';
import { UsageError } from '../command.ts';

/** A Segment, and the file it can be read from. */
export type LocalSegment = ArchiveObject & { readonly file: string };

export interface Answer {
  readonly columns: readonly string[];
  /** As many at once as DuckDB makes; what JSON has no word for, such as times, as text. */
  readonly batches: AsyncIterable<readonly (readonly Json[])[]>;
}

/**
 * Opens DuckDB, in memory, with a view `messages`, all that is cold, and a table `segments`, the Catalogue.
 *
 * @throws UsageError If DuckDB is not installed.
 */
export async function openDuckdb(segments: readonly LocalSegment[], wanted: ArchiveWanted) {
  const duckdb = await import('@duckdb/node-api').catch((cause: unknown) => {
    const remedy = 'run npm install --no-save @duckdb/node-api in the checkout';
    throw new UsageError(`query: DuckDB is not installed; ${remedy}`, { cause });
  });
  const instance = await duckdb.DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`set timezone = 'UTC'`); // Whatever the machine's is: times read alike.
  await fillSegments(connection, segments);
  await connection.run(messagesView(segments, wanted));

  const toJson: DuckDBValueConverter<Json> = (value, type, converter) =>
    typeof value === 'bigint' && Number.isSafeInteger(Number(value))
      ? Number(value)
      : duckdb.JsonDuckDBValueConverter(value, type, converter);

  return {
    /** @throws Error With DuckDB's words, if it is not SQL that can be run. */
    async ask(sql: string): Promise<Answer> {
      const result = await connection.stream(sql);
      return {
        columns: result.deduplicatedColumnNames(),
        batches: result.yieldConvertedRows(toJson),
      };
    },
    interrupt: () => connection.interrupt(),
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

async function fillSegments(connection: DuckDBConnection, segments: readonly LocalSegment[]) {
  await connection.run(`create table segments (
    company_id varchar, address varchar, file varchar, rows bigint, bytes bigint,
    first_created_at timestamptz, last_created_at timestamptz, sha256 varchar)`);
  const appender = await connection.createAppender('segments');
  for (const { companyId, address, file, rows, bytes, ...segment } of segments) {
    for (const text of [companyId, address, file]) appender.appendVarchar(text);
    for (const count of [rows, bytes]) appender.appendBigInt(BigInt(count));
    for (const instant of [segment.firstCreatedAt, segment.lastCreatedAt]) {
      appender.appendVarchar(instant);
    }
    appender.appendVarchar(segment.sha256);
    appender.endRow();
  }
  appender.closeSync();
}

/** A Segment knows the name of its Company only in its key, where a long one is cut: the Catalogue tells. */
function messagesView(segments: readonly LocalSegment[], { from, to }: ArchiveWanted): string {
  const columns = `company_id, conversation_id, client_id, created_at,
    hex(message_id)::uuid as message_id, external_id, role, content, metadata`;
  if (segments.length === 0) return `create view messages as ${NO_MESSAGES}`;
  const files = segments.map(({ file }) => quoted(file)).join(', ');
  const conditions = [
    ...(from === undefined ? [] : [`created_at >= ${quoted(from)}::timestamptz`]),
    ...(to === undefined ? [] : [`created_at < ${quoted(to)}::timestamptz`]),
  ];
  const where = conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`;
  return `create view messages as
    select ${columns} from read_parquet([${files}], filename = 'file', hive_partitioning = false)
    join (select company_id, file from segments) using (file) ${where}`;
}

const NO_MESSAGES = `select ''::varchar as company_id, ''::varchar as conversation_id,
  ''::varchar as client_id, null::timestamptz as created_at, null::uuid as message_id,
  null::varchar as external_id, ''::varchar as role, ''::varchar as content,
  null::varchar as metadata where false`;

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;
