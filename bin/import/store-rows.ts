import type { ImportedStep } from '../../db/import-writer.ts';
import type { KeyedMessage } from '../../db/keyed-message.ts';
import { type Message, roughBytes } from '../../domain/message.ts';
import type { Wiring } from '../../wiring.ts';
import type { Progress } from '../progress.ts';
import type { openMapper } from './mapping.ts';
import { type Reject, rejectOf, type Rejects } from './rejects.ts';
import type { Batch, Source } from './source.ts';

export interface Work {
  readonly source: Source;
  readonly toMessage: ReturnType<typeof openMapper>;
  readonly fingerprint: string;
  readonly rejects: Rejects;
  /** How many records are stored at once. */
  readonly recordsAtOnce: number;
  readonly signal: AbortSignal;
}

/**
 * The more at once, the fewer and larger the Segments of an old history, and the less there is to put
 * together afterwards. Twice as many are in memory.
 */
export const RECORDS_AT_ONCE = 96_000;
const BYTES_AT_ONCE_MAX = 64 * 1024 * 1024;

/** How many records of the source were read, in this run and those before, and what became of them. */
export interface Reached {
  readonly read: number;
  readonly stored: number;
  readonly refused: number;
}

/**
 * Stores what is behind the checkpoint, piece by piece in the order of the source. While one is being
 * stored, the next one is read and checked.
 *
 * @returns How far it has come; all the way, unless the signal aborts.
 */
export async function storeRows(
  { imports }: Pick<Wiring, 'imports'>,
  work: Work,
  progress: Progress,
): Promise<Reached> {
  const { signal, source, fingerprint, rejects } = work;
  const { position, ...begun } = await imports.readCheckpoint(fingerprint);
  let { read, refused } = begun;
  let storing: Promise<unknown> = Promise.resolve();
  for await (const piece of piecesOf(source.batches(position, read), work, imports)) {
    await storing;
    if (signal.aborted) break;
    read += piece.records;
    storing = storePiece(piece, read);
    storing.catch(() => {}); // It is waited for before the next one.
  }
  await storing;
  const { position: _, ...reached } = await imports.readCheckpoint(fingerprint);
  return reached;

  async function storePiece(piece: Piece, end: number): Promise<void> {
    // Before they are counted: after a death some may stand there twice, none is missing.
    rejects.add(piece.refused);
    refused += piece.refused.length;
    const step = { fingerprint, source: source.name, position: piece.position, read: end, refused };
    const done = await imports.store(piece.rows, step, signal);
    rejects.add(done.refused.map(rejectOfStore));
    refused += done.refused.length;
    progress.advance(piece.records);
  }
}

/** Records that follow each other, and what they are. */
interface Piece {
  readonly rows: readonly KeyedMessage[];
  readonly refused: readonly Reject[];
  readonly records: number;
  readonly position: string;
}

async function* piecesOf(
  batches: AsyncIterable<Batch>,
  work: Work,
  { number }: Pick<Wiring['imports'], 'number'>,
): AsyncGenerator<Piece> {
  let numbered: Promise<readonly KeyedMessage[]>[] = [];
  let refused: Reject[] = [];
  let [records, bytes] = [0, 0];
  let last: Batch | undefined;
  const end = async (position: string): Promise<Piece> => {
    return { rows: (await Promise.all(numbered)).flat(), refused, records, position };
  };
  for await (const batch of batches) {
    if (work.signal.aborted) return;
    const mapped = mapBatch(batch, work);
    await numbered.at(-1); // One after the other: they create names. The next batch is read meanwhile.
    numbered.push(number(mapped.messages, work.signal));
    numbered.at(-1)?.catch(() => {}); // It is waited for before the next one.
    for (const reject of mapped.refused) refused.push(reject);
    records += batch.records.length;
    bytes += mapped.messages.reduce((sum, message) => sum + roughBytes(message), 0);
    last = batch;
    if (records < work.recordsAtOnce && bytes < BYTES_AT_ONCE_MAX) continue;
    yield await end(batch.position);
    [numbered, refused, records, bytes, last] = [[], [], 0, 0, undefined];
  }
  if (last) yield await end(last.position);
}

export interface Mapped {
  readonly messages: readonly Message[];
  readonly refused: readonly Reject[];
}

export function mapBatch(batch: Batch, { toMessage }: Pick<Work, 'toMessage'>): Mapped {
  const messages: Message[] = [];
  const refused: Reject[] = [];
  for (const record of batch.records) {
    const { message, fault } = toMessage(batch.origin, record);
    if (message) messages.push(message);
    else refused.push(rejectOf(batch, record, fault));
  }
  return { messages, refused };
}

function rejectOfStore({ message, reason }: ImportedStep['refused'][number]): Reject {
  const place = `message ${message.messageId}`;
  return { place, fault: { field: 'message', reason }, values: { ...message } };
}
