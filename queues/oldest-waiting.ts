import type { QueueRedis } from './connection.ts';
import type { OpenQueue } from './open-queues.ts';

/**
 * When the job that is next in line was enqueued, or nothing. BullMQ 6.7 takes from the end of the
 * list `wait`, and when that is empty the first of the sorted set `prioritized`; it leaves the jobs
 * of a paused queue where they are. Only ends are looked at, however long the line, and only the
 * time of the job is read: all of it may be megabytes.
 */
const NEXT_IN_LINE = `
local id = redis.call('LINDEX', KEYS[1], -1) or redis.call('ZRANGE', KEYS[2], 0, 0)[1]
if not id then return false end
return redis.call('HGET', KEYS[3] .. id, 'timestamp')
`;

/** @returns Milliseconds since 1970; null if nothing waits. */
export async function readOldestWaiting(
  connection: QueueRedis,
  queue: OpenQueue,
): Promise<number | null> {
  const keys = [queue.toKey('wait'), queue.toKey('prioritized'), queue.toKey('')];
  const reply: unknown = await connection.eval(NEXT_IN_LINE, keys.length, ...keys);
  return typeof reply === 'string' ? Number(reply) : null;
}
