import type { Message } from '../domain/message.ts';
import { spanToCount } from '../domain/usage.ts';
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
  const asked = new Map<string, Promise<unknown>>();
  let askedUntilMs = 0;

  function ask(key: string, { companyId, createdAt }: Stored, nowMs: number): Promise<unknown> {
    const known = asked.get(key);
    if (known) return known;
    const span = spanToCount(createdAt, nowMs);
    const delayMs = Math.ceil(askedUntilMs + windowMs * GRACE_SHARE - nowMs);
    const payload = { companyId, ...span, dueAtMs: askedUntilMs };
    const asking = enqueue('aggregate', payload, { delayMs });
    asked.set(key, asking);
    asking.catch(() => asked.delete(key));
    return asking;
  }

  return {
    async countLater(messages) {
      const nowMs = now();
      if (nowMs >= askedUntilMs || asked.size > ASKED_MAX) asked.clear();
      askedUntilMs = (Math.floor(nowMs / windowMs) + 1) * windowMs;
      const asking = new Set<Promise<unknown>>();
      for (const message of messages) asking.add(ask(fiveMinutesOf(message), message, nowMs));
      await Promise.all(asking);
    },
  };
}

/** Without reading the date: this is asked of every Message. */
function fiveMinutesOf({ companyId, createdAt }: Stored): string {
  const half = (createdAt[15] ?? '') < '5' ? 0 : 5;
  return `${createdAt.slice(0, 15)}${half} ${companyId}`;
}
