import type { ImportedStep } from '../../db/import-writer.ts';
import type { Checkpoint } from '../../db/imports.ts';
import type { Message } from '../../domain/message.ts';
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
  readonly signal: AbortSignal;
}

/**
 * Stores what is behind the checkpoint, batch by batch in the order of the source. While MySQL takes
 * one, the next one is read and checked.
 *
 * @returns How far it has come; all the way, unless the signal aborts.
 */
export async function storeRows(
  { imports }: Pick<Wiring, 'imports'>,
  work: Work,
  progress: Progress,
): Promise<Checkpoint> {
  const { fingerprint, signal } = work;
  let reached = await imports.readCheckpoint(fingerprint);
  let storing: Promise<void> = Promise.resolve();
  for await (const batch of work.source.batches(reached.position)) {
    if (signal.aborted) break;
    const { messages, refused } = mapBatch(batch, work);
    const rows = await imports.number(messages, signal);
    await storing;
    storing = store(batch, { messages, refused, rows });
    storing.catch(() => {}); // It is waited for before the next one.
  }
  await storing;
  return reached;

  async function store(
    batch: Batch,
    mapped: Mapped & { rows: Awaited<ReturnType<typeof imports.number>> },
  ): Promise<void> {
    const { position, records } = batch;
    const counts = { read: records.length, stored: 0, refused: mapped.refused.length };
    const step = { fingerprint, source: work.source.name, position, ...counts };
    // Before they are counted: after a death some may stand there twice, none is missing.
    work.rejects.add(mapped.refused);
    const done = await imports.store(mapped.rows, step, signal);
    work.rejects.add(done.refused.map(rejectOfStore));
    reached = {
      position,
      read: reached.read + counts.read,
      stored: reached.stored + done.stored,
      refused: reached.refused + counts.refused + done.refused.length,
    };
    progress.advance(counts.read);
  }
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
