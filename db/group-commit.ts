import { PipelineError } from '../domain/errors.ts';
import type { Message } from '../domain/message.ts';
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
export function openGroupCommit(options: { rowsMax: number; commit: Commit }): GroupCommit {
  const waiting: Part[] = [];
  let isRunning = false;

  async function run(): Promise<void> {
    isRunning = true;
    // Jobs are fetched in bursts: let the whole burst of this turn of the event loop come along.
    await new Promise(setImmediate);
    while (waiting.length > 0) await commitGroup(takeGroup());
    isRunning = false;
  }

  function takeGroup(): Part[] {
    let rows = 0;
    let parts = 0;
    for (const part of waiting) {
      rows += part.messages.length;
      if (parts > 0 && rows > options.rowsMax) break;
      parts += 1;
    }
    return waiting.splice(0, parts).filter((part) => !part.signal.aborted);
  }

  async function commitGroup(group: readonly Part[]): Promise<void> {
    const messages = group.flatMap((part) => part.messages);
    if (messages.length === 0) return;
    try {
      const isWanted = () => group.some((part) => !part.signal.aborted);
      const verdicts = await options.commit(messages, isWanted);
      let from = 0;
      for (const part of group) part.resolve(verdicts.slice(from, (from += part.messages.length)));
    } catch (error) {
      for (const part of group) part.reject(error);
    }
  }

  return {
    add(messages, signal) {
      if (signal.aborted) return Promise.reject(storeTimedOut());
      const { promise, resolve, reject } = Promise.withResolvers<readonly Verdict[]>();
      waiting.push({ messages, signal, resolve, reject });
      const giveUp = () => reject(storeTimedOut());
      signal.addEventListener('abort', giveUp, { once: true });
      if (!isRunning) void run();
      return promise.finally(() => signal.removeEventListener('abort', giveUp));
    },
  };
}

/** Not counted as an attempt: the Messages are well, it is MySQL that is away or slow. */
const storeTimedOut = () =>
  new PipelineError('STORE_TIMED_OUT', 'MySQL did not store in time; the job will be tried again', {
    retry: { afterMs: 1_000 },
  });
