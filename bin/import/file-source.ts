import { basename } from 'node:path';
import { UsageError } from '../command.ts';
import { readCsv } from './csv.ts';
import { type FileText, openFileText, PIECE_BYTES } from './file-text.ts';
import { readJsonLines } from './json-lines.ts';
import {
  type Batch,
  RECORDS_PER_BATCH_MAX,
  SAMPLES_MAX,
  type Source,
  type SourceRecord,
  TEXT_PER_BATCH_MAX,
  type Values,
} from './source.ts';

/** JSON Lines or CSV, by the file's ending; `.gz` behind it if it is zipped. */
const READERS = { jsonl: readJsonLines, ndjson: readJsonLines, csv: readCsv } as const;

interface OpenFile {
  readonly origin: string;
  readonly text: FileText;
  read(skip: number, onBytes?: (bytes: number) => void): AsyncGenerator<SourceRecord[]>;
}

/** How many files are done, and which line of the next one. */
type Position = readonly [file: number, line: number];

/** Opens files that follow each other as one source. */
export async function openFileSource(files: readonly string[]): Promise<Source> {
  const opened: OpenFile[] = [];
  for (const file of files) opened.push(await openFile(file));
  const samples = await readSamples(opened);
  const bytesAll = opened.reduce((sum, { text }) => sum + text.bytes, 0);
  const seen = { bytes: 0, records: 0 };

  return {
    name: opened.map(({ origin }) => origin).join(', '),
    identity: opened.map(({ origin, text }) => `${origin} ${text.print}`).join('\n'),
    columns: columnsOf(samples),
    samples,
    total: () => (seen.records === 0 ? null : (seen.records / seen.bytes) * bytesAll),
    async *batches(after, read = 0) {
      [seen.bytes, seen.records] = [0, 0];
      const [first, skip] = after === null ? [0, 0] : (JSON.parse(after) as Position);
      for (const [nth, file] of opened.entries()) {
        if (nth < first) {
          seen.bytes += file.text.bytes;
          continue;
        }
        const onBytes = (bytes: number) => void (seen.bytes += bytes);
        const pieces = file.read(nth === first ? skip : 0, onBytes);
        for await (const batch of batchesOf(pieces, file.origin, nth)) {
          // What was read before counts once its bytes do.
          seen.records = (seen.records || read) + batch.records.length;
          yield batch;
        }
      }
    },
    close: async () => {},
  };
}

async function openFile(file: string): Promise<OpenFile> {
  const ending = /\.(jsonl|ndjson|csv)(\.gz)?$/i.exec(file)?.[1]?.toLowerCase();
  const reader = READERS[ending as keyof typeof READERS];
  if (!reader)
    throw new UsageError(`${file}: must end in .jsonl, .ndjson or .csv, or one of them and .gz`);
  const text = await openFileText(file);
  const origin = basename(file);
  return { origin, text, read: (skip, onBytes = () => {}) => reader(text.read(onBytes), skip) };
}

const PIECES_PER_BATCH_MAX = TEXT_PER_BATCH_MAX / PIECE_BYTES;

/** As many records of a file as make a batch. */
async function* batchesOf(
  pieces: AsyncIterable<readonly SourceRecord[]>,
  origin: string,
  nth: number,
): AsyncGenerator<Batch> {
  let [records, count] = [[] as SourceRecord[], 0];
  for await (const piece of pieces) {
    for (const record of piece) records.push(record);
    count += 1;
    if (records.length < RECORDS_PER_BATCH_MAX && count < PIECES_PER_BATCH_MAX) continue;
    const some = records.slice(0, RECORDS_PER_BATCH_MAX);
    if (some.length > 0) yield batchOf(some, origin, nth);
    [records, count] = [records.slice(RECORDS_PER_BATCH_MAX), 0];
  }
  if (records.length > 0) yield batchOf(records, origin, nth);
}

function batchOf(records: readonly SourceRecord[], origin: string, nth: number): Batch {
  const position: Position = [nth, Number(records.at(-1)?.place)];
  return { origin, records, position: JSON.stringify(position) };
}

async function readSamples(files: readonly OpenFile[]): Promise<Values[]> {
  const samples: Values[] = [];
  for (const file of files) {
    for await (const records of file.read(0)) {
      for (const { values } of records) if (values) samples.push(values);
      if (samples.length >= SAMPLES_MAX) return samples.slice(0, SAMPLES_MAX);
    }
  }
  if (samples.length === 0) throw new UsageError('--from: there is not one record to be read');
  return samples;
}

/** Also what stands in objects, as `author.role`. */
function columnsOf(samples: readonly Values[]): string[] {
  const columns = new Set<string>();
  for (const sample of samples) {
    for (const [name, value] of Object.entries(sample)) {
      columns.add(name);
      if (typeof value !== 'object' || value === null || Array.isArray(value)) continue;
      for (const inner of Object.keys(value)) columns.add(`${name}.${inner}`);
    }
  }
  return [...columns];
}
