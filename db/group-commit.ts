import { PipelineError } from '../domain/errors.ts';
import { type Message, roughBytes } from '../domain/message.ts';
import type { Verdict } from '../domain/verdict.ts';

/** Messages of one caller: they wait together, are committed together, and share one answer. */
interface Part {
  readonly messages: readonly Message[];
  readonly signal: AbortSignal;
  resolve(verdicts: readonly Verdict[]): void;
  reject(reason: unknown): void;
}

/** @param isWanted Turns false once nobody waits for these Messages any longer. */
export type Commit = (
  messages: readonly Message[],
  isWanted: () => boolean,
) => Promise<readonly Verdict[]>;

export interface GroupCommit {
  /**
   * @returns One Verdict for each Message, in order, when the transaction that holds them committed.
   * @throws PipelineError `STORE_TIMED_OUT` when the signal aborts first. The Messages may have been
   *         stored all the same; asking again is safe (P2).
   */
  add(messages: readonly Message[], signal: AbortSignal): Promise<readonly Verdict[]>;
}

/**
 * Gathers what arrives while one commit is on its way into the next one, as databases do with their
 * logs: the fuller the queue, the larger the transaction, and a lone Message waits for nobody.
 */
export function openGroupCommit(options: {
  rowsMax: number;
  /** About, see `roughBytes`: a statement must fit into what MySQL takes at once. */
  bytesMax: number;
  commit: Commit;
  /** What holds the present commit up, in a word or two; empty if nothing is known. */
  lastFault: () => string;
}): GroupCommit {
  const waiting: Part[] = [];
  const bySignal = new WeakMap<AbortSignal, Set<Part>>();
  let isRunning = false;

  async function run(): Promise<void> {
    isRunning = true;
    // Jobs are fetched in bursts: let the whole burst of this turn of the event loop come along.
    await new Promise(setImmediate);
    while (waiting.length > 0) await commitGroup(takeGroup()); // Which never rejects.
    isRunning = false;
  }

  function takeGroup(): Part[] {
    let rows = 0;
    let bytes = 0;
    let parts = 0;
    for (const { messages } of waiting) {
      rows += messages.length;
      for (const message of messages) bytes += roughBytes(message);
      if (parts > 0 && (rows > options.rowsMax || bytes > options.bytesMax)) break;
      parts += 1;
    }
    return waiting.splice(0, parts);
  }

  async function commitGroup(group: readonly Part[]): Promise<void> {
    const messages = group.flatMap((part) => part.messages);
    try {
      const verdicts = await options.commit(messages, () => group.some(isWantedStill));
      let from = 0;
      for (const part of group) part.resolve(verdicts.slice(from, (from += part.messages.length)));
    } catch (error) {
      if (group.length > 1 && group.some(isWantedStill)) return await commitHalves(group);
      for (const part of group) part.reject(error);
    }
  }

  /** Somebody's Messages cannot be stored, nobody knows why: the others must not die of it. */
  async function commitHalves(group: readonly Part[]): Promise<void> {
    const middle = group.length >> 1;
    await commitGroup(group.slice(0, middle));
    await commitGroup(group.slice(middle));
  }

  /** While MySQL hangs, its jobs come back again and again: what is left here would pile up. */
  function giveUp(parts: ReadonlySet<Part>): void {
    const stays = waiting.filter((part) => !parts.has(part));
    waiting.splice(0, waiting.length, ...stays);
    for (const part of parts) part.reject(storeTimedOut(options.lastFault()));
  }

  /** Many jobs share a signal, so one listener serves them all. */
  function partsUnder(signal: AbortSignal): Set<Part> {
    const known = bySignal.get(signal);
    if (known) return known;
    const parts = new Set<Part>();
    bySignal.set(signal, parts);
    signal.addEventListener('abort', () => giveUp(parts), { once: true });
    return parts;
  }

  return {
    add(messages, signal) {
      if (messages.length === 0) return Promise.resolve([]);
      if (signal.aborted) return Promise.reject(storeTimedOut(options.lastFault()));
      return new Promise((resolve, reject) => {
        const parts = partsUnder(signal);
        const part: Part = {
          messages,
          signal,
          resolve(verdicts) {
            parts.delete(part);
            resolve(verdicts);
          },
          reject(reason) {
            parts.delete(part);
            reject(reason);
          },
        };
        parts.add(part);
        waiting.push(part);
        if (!isRunning) void run();
      });
    },
  };
}

const isWantedStill = (part: Part) => !part.signal.aborted;

/** Not counted as an attempt: the Messages are well, it is MySQL that is away or slow. */
const storeTimedOut = (fault: string) => {
  const why = fault === '' ? '' : ` (${fault})`;
  const sentence = `MySQL did not store in time${why}; the job will be tried again`;
  return new PipelineError('STORE_TIMED_OUT', sentence, { retry: { afterMs: 1_000 } });
};
