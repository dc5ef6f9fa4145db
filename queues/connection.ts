import { once } from 'node:events';
import { Redis, type RedisOptions } from 'ioredis';

/** A connection to the queue's Redis. */
export type QueueRedis = Redis;

/** Who is connected to the queue's Redis decides how it behaves while Redis is away. */
const SHARED: RedisOptions = {
  connectTimeout: 2_000,
  // Back within half a second of Redis's return; the default waits up to 20 s between attempts.
  retryStrategy: (attempt) => Math.min(50 * attempt, 500),
  // While it loads its data it says how long that may take: a first guess, often of many seconds.
  maxLoadingRetryTime: 500,
  // After a failover this connection may still lead to the old primary, which only reads now: it is
  // made anew, to wherever the name leads by then, and the command sent again.
  reconnectOnError: (error) => (error.message.startsWith('READONLY') ? 2 : false),
};

const ANSWER_MS_MAX = 5_000;

/** For those who ask something and have a caller waiting: fails at once, and the caller decides. */
export function openAskingConnection(url: string): QueueRedis {
  return open(url, {
    ...SHARED,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    // Against a server that holds the connection open but answers nothing.
    commandTimeout: ANSWER_MS_MAX,
    // What was written and not answered goes with the connection, or it would pile up in memory.
    socketTimeout: ANSWER_MS_MAX,
  });
}

/** For workers: waits for as long as it takes. BullMQ demands `maxRetriesPerRequest: null`. */
export function openWorkingConnection(url: string): QueueRedis {
  return open(url, { ...SHARED, maxRetriesPerRequest: null });
}

const READY_MS_MAX = 2_000;

/** @throws Error If Redis cannot be reached now. */
export async function untilReady(connection: QueueRedis): Promise<void> {
  if (connection.status === 'ready') return;
  await once(connection, 'ready', { signal: AbortSignal.timeout(READY_MS_MAX) });
}

function open(url: string, options: RedisOptions): Redis {
  const redis = new Redis(url, { ...options, replyMapping: 'legacy' });
  redis.on('error', () => {}); // Every command reports its own failure; this one would end the process.
  return redis;
}
