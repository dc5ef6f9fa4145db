import type { Message } from '../domain/message.ts';
import { isSlice, spanToCount } from '../domain/usage.ts';
import type { Enqueuer } from './enqueue.ts';

/** Has Usage counted of what was stored. */
export interface Counter {
  /**
   * @param messages Stored, and committed.
   * @returns When it is durable in the queue that they will be counted.
   */
  countLater(messages: readonly Stored[]): Promise<void>;
}

type Stored = Pick<Message, 'companyId' | 'createdAt'>;

/** Jobs of a window start so long after it: by no more may the clocks of two processes differ. */
const GRACE_SHARE = 0.1;
/** What is late is counted by whole days, and so not as often. */
const LATE_WINDOWS = 10;
/** Of more spans in one window, some are asked for twice. */
const ASKED_MAX = 10_000;

/**
 * Asks once in a window for each span that changed. The job starts after the window, and so after
 * every commit that was followed by this; whoever stores in the same window need not ask again.
 *
 * @param options.windowMs So long is gathered what is counted together.
 * @param options.now      Milliseconds since 1970.
 */
export function openCounter(
  enqueue: Enqueuer['enqueue'],
  { windowMs, now }: { windowMs: number; now: () => number },
): Counter {
  /** By the Company and the five minutes of a Message. */
  const asked = new Map<string, Asked>();

  function ask({ companyId, createdAt }: Stored, nowMs: number): Asked {
    const span = spanToCount(createdAt, nowMs);
    const ownWindowMs = isSlice(span) ? windowMs : windowMs * LATE_WINDOWS;
    const dueAtMs = (Math.floor(nowMs / ownWindowMs) + 1) * ownWindowMs;
    const delayMs = Math.ceil(dueAtMs + windowMs * GRACE_SHARE - nowMs);
    return {
      untilMs: dueAtMs,
      asking: enqueue('aggregate', { companyId, ...span, dueAtMs }, { delayMs }),
    };
  }

  return {
    async countLater(messages) {
      const nowMs = now();
      if (asked.size > ASKED_MAX) asked.clear();
      const all = new Set<Promise<unknown>>();
      for (const message of messages) {
        const key = fiveMinutesOf(message);
        let known = asked.get(key);
        if (!known || known.untilMs <= nowMs) {
          known = ask(message, nowMs);
          asked.set(key, known);
          known.asking.catch(() => asked.delete(key));
        }
        all.add(known.asking);
      }
      await Promise.all(all);
    },
  };
}

interface Asked {
  /** Milliseconds since 1970: until then it need not be asked for again. */
  readonly untilMs: number;
  readonly asking: Promise<unknown>;
}

/** Without reading the date: this is asked of every Message. */
function fiveMinutesOf({ companyId, createdAt }: Stored): string {
  const half = (createdAt[15] ?? '') < '5' ? 0 : 5;
  return `${createdAt.slice(0, 15)}${half} ${companyId}`;
}
