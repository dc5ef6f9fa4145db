import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { checkNewMessage, type Message } from '../domain/message.ts';
import type { Wiring } from '../wiring.ts';
import type { Progress } from './progress.ts';
import { identityOf, type ReplayDoors } from './replay-doors.ts';
import type { ReplayLine } from './replay-files.ts';

/** Messages of one step: looked up in one query for each Company, sent together. */
const CHUNK_MESSAGES_MAX = 500;
const CHUNKS_AT_ONCE = 8;
const LOOK_AGAIN_MS = 50;

/** Valid Messages of several lines together. What is not valid is told, and left out. */
export async function* chunksOf(
  lines: AsyncIterable<ReplayLine>,
  onRefusal: (sentence: string) => void,
): AsyncGenerator<Message[]> {
  let chunk: Message[] = [];
  for await (const { place, inputs, fault } of lines) {
    if (fault !== null) onRefusal(`${place} ${fault}`);
    for (const input of inputs) {
      const checked = checkNewMessage(input, Date.now());
      if (checked.message) chunk.push(checked.message);
      else onRefusal(`${place} ${checked.fault.field}: ${checked.fault.reason}`);
    }
    if (chunk.length < CHUNK_MESSAGES_MAX) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

export interface Sent {
  accepted: number;
  /** Of these, stored before, or met before in the files. */
  duplicates: number;
}

/** @param options.rate Messages a second, at most. */
export async function sendAll(
  chunks: AsyncIterable<Message[]>,
  options: {
    doors: ReplayDoors;
    rate: number;
    progress: Progress;
    signal: AbortSignal;
  },
): Promise<Sent> {
  const { doors, progress, signal } = options;
  const sent: Sent = { accepted: 0, duplicates: 0 };
  const met = new Set<string>();
  const startedAt = performance.now();
  let given = 0;

  await eachAtOnce(chunks, async (chunk) => {
    signal.throwIfAborted();
    given += chunk.length;
    const aheadMs = (given / options.rate) * 1_000 - (performance.now() - startedAt);
    if (aheadMs > 0) await pause(aheadMs, undefined, { signal });

    const stored = await doors.find(chunk);
    await doors.hand(chunk);
    for (const identity of chunk.map(identityOf)) {
      if (met.has(identity) || stored.has(identity)) sent.duplicates += 1;
      met.add(identity);
    }
    sent.accepted += chunk.length;
    progress.advance(chunk.length);
  });
  return sent;
}

/** Waits for all of it to be stored, reads it back and compares every field. */
export async function verifyAll(
  chunks: AsyncIterable<Message[]>,
  options: { doors: ReplayDoors; wiring: Wiring; progress: Progress; signal: AbortSignal },
): Promise<{ lost: number; altered: number }> {
  const counts = { lost: 0, altered: 0 };
  await eachAtOnce(chunks, async (chunk) => {
    const stored = await findAllOf(chunk, options);
    for (const message of chunk) {
      const found = stored.get(identityOf(message));
      if (!found) counts.lost += 1;
      else if (!isDeepStrictEqual(found, message)) counts.altered += 1;
    }
    options.progress.advance(chunk.length);
  });
  return counts;
}

/** Looks again until nothing is missing, or nothing is left in the queue that could bring it. */
async function findAllOf(
  chunk: readonly Message[],
  { doors, wiring, signal }: { doors: ReplayDoors; wiring: Wiring; signal: AbortSignal },
): Promise<Map<string, Message>> {
  for (;;) {
    signal.throwIfAborted();
    const { waiting, active, delayed } = await wiring.queue.inspector.counts('persist');
    const stored = await doors.find(chunk);
    const isComplete = chunk.every((message) => stored.has(identityOf(message)));
    if (isComplete || waiting + active + delayed === 0) return stored;
    await pause(LOOK_AGAIN_MS);
  }
}

async function eachAtOnce(
  chunks: AsyncIterable<Message[]>,
  work: (chunk: Message[]) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  for await (const chunk of chunks) {
    const one = work(chunk).finally(() => running.delete(one));
    running.add(one);
    one.catch(() => {}); // Seen below; here only lest it count as unhandled meanwhile.
    if (running.size >= CHUNKS_AT_ONCE) await Promise.race(running);
  }
  await Promise.all(running);
}
