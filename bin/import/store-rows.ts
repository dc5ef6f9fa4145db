import { laneOf } from '../../db/lanes.ts';
import { IMPORT_LANES } from '../../db/imports.ts';
import type { ImportedStep } from '../../db/import-writer.ts';
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

/** How many records of the source were read, in this run and those before, and what became of them. */
export interface Reached {
  readonly read: number;
  readonly stored: number;
  readonly refused: number;
}

/**
 * Stores what is behind the checkpoints, batch by batch in the order of the source, each batch in
 * several lanes at once. While MySQL takes one, the next one is read and checked.
 *
 * @returns How far it has come; all the way, unless the signal aborts.
 */
export async function storeRows(
  { imports }: Pick<Wiring, 'imports'>,
  work: Work,
  progress: Progress,
): Promise<Reached> {
  const { fingerprint, signal, source } = work;
  const lanes = [...(await imports.readCheckpoints(fingerprint))];
  const last = lanes.reduce((a, b) => (b.read < a.read ? b : a));
  let read = last.read;
  let storing: Promise<unknown> = Promise.resolve();
  for await (const batch of source.batches(last.position)) {
    if (signal.aborted) break;
    const mapped = mapBatch(batch, work);
    const end = { position: batch.position, read: read + batch.records.length };
    const parts = partByLane(mapped, { begin: read, doneBy: lanes.map((lane) => lane.read) });
    read = end.read;
    const rows = await Promise.all(parts.map((part) => imports.number(part.messages, signal)));
    await storing;
    storing = Promise.all(
      parts.map(async ({ refused }, lane) => {
        await storePart(lane, end, { refused, rows: rows[lane] ?? [] });
      }),
    ).then(() => progress.advance(batch.records.length));
    storing.catch(() => {}); // It is waited for before the next one.
  }
  await storing;
  const sum = (field: 'stored' | 'refused') => lanes.reduce((all, lane) => all + lane[field], 0);
  return {
    read: Math.min(...lanes.map((lane) => lane.read)),
    stored: sum('stored'),
    refused: sum('refused'),
  };

  async function storePart(
    lane: number,
    end: { position: string; read: number },
    part: { refused: readonly Reject[]; rows: Awaited<ReturnType<typeof imports.number>> },
  ): Promise<void> {
    const before = lanes[lane];
    if (!before || before.read >= end.read) return;
    // Before they are counted: after a death some may stand there twice, none is missing.
    work.rejects.add(part.refused);
    const step = { fingerprint, lane, source: source.name, ...end, stored: 0 };
    const refused = part.refused.length;
    const done = await imports.store(part.rows, { ...step, refused }, signal);
    work.rejects.add(done.refused.map(rejectOfStore));
    lanes[lane] = {
      ...end,
      stored: before.stored + done.stored,
      refused: before.refused + refused + done.refused.length,
    };
  }
}

export interface Mapped {
  readonly messages: readonly { readonly message: Message; readonly nth: number }[];
  readonly refused: readonly { readonly reject: Reject; readonly nth: number }[];
}

export function mapBatch(batch: Batch, { toMessage }: Pick<Work, 'toMessage'>): Mapped {
  const messages: { message: Message; nth: number }[] = [];
  const refused: { reject: Reject; nth: number }[] = [];
  for (const [nth, record] of batch.records.entries()) {
    const { message, fault } = toMessage(batch.origin, record);
    if (message) messages.push({ message, nth });
    else refused.push({ reject: rejectOf(batch, record, fault), nth });
  }
  return { messages, refused };
}

/** The lanes were not all as far when the run before ended: what one has done, it does not count again. */
function partByLane(
  { messages, refused }: Mapped,
  { begin, doneBy }: { begin: number; doneBy: readonly number[] },
) {
  const isNew = (lane: number, nth: number) => begin + nth >= (doneBy[lane] ?? 0);
  const parts = doneBy.map(() => ({ messages: [] as Message[], refused: [] as Reject[] }));
  for (const { message, nth } of messages) {
    const lane = laneOf(message.conversationId, IMPORT_LANES);
    if (isNew(lane, nth)) parts[lane]?.messages.push(message);
  }
  for (const { reject, nth } of refused) if (isNew(0, nth)) parts[0]?.refused.push(reject);
  return parts;
}

function rejectOfStore({ message, reason }: ImportedStep['refused'][number]): Reject {
  const place = `message ${message.messageId}`;
  return { place, fault: { field: 'message', reason }, values: { ...message } };
}
