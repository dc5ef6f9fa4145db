import { Queue } from 'bullmq';
import type { QueueName } from './index.ts';
import { type QueueRedis, untilReady } from './connection.ts';

export type OpenQueue = Queue;

export interface OpenQueues {
  /** @throws Error If Redis cannot be reached now. The next call tries again. */
  get(name: QueueName): Promise<OpenQueue>;
  close(): Promise<void>;
}

const OPEN_MS_MAX = 2_000;

/**
 * BullMQ's queues, each opened when it is first needed. One whose first words with Redis fail stays
 * broken for good (BullMQ 6.7), so it is only kept once it has spoken, and else made anew.
 *
 * @param connection See `openAskingConnection`. Stays the caller's: it is not closed here.
 */
export function openQueues(connection: QueueRedis, prefix: string): OpenQueues {
  const opened = new Map<QueueName, Promise<Queue>>();

  async function open(name: QueueName): Promise<Queue> {
    await untilReady(connection);
    const options = { connection, prefix, skipWaitingForReady: true, skipMetasUpdate: true };
    const queue = new Queue(name, options);
    queue.on('error', () => {}); // Each call reports its own failure.
    // If Redis goes at this very moment, BullMQ waits for ever: then it is made anew, too.
    if (!(await isReadyWithin(OPEN_MS_MAX, queue))) throw new Error('Redis went away');
    return queue;
  }

  return {
    get(name) {
      const known = opened.get(name);
      if (known) return known;
      const opening = open(name);
      opened.set(name, opening);
      opening.catch(() => opened.delete(name));
      return opening;
    },
    async close() {
      const settled = await Promise.allSettled(opened.values());
      const queues = settled.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
      await Promise.all(queues.map((queue) => queue.close()));
    },
  };
}

async function isReadyWithin(timeoutMs: number, queue: Queue): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), timeoutMs);
  const ready = queue.waitUntilReady().then(() => true);
  return Promise.race([ready, late]).finally(() => clearTimeout(timer));
}
