import { aggregate } from './aggregate.ts';
import { archiveBatch } from './archive-batch.ts';
import { cacheWarm } from './cache-warm.ts';
import type { QueueContract } from './define-queue.ts';
import { persist } from './persist.ts';
import { summarize } from './summarize.ts';

/** Every queue there is. Whatever needs a list of queues is derived from this one. */
export const queues = {
  persist,
  'cache-warm': cacheWarm,
  'archive-batch': archiveBatch,
  aggregate,
  summarize,
} as const;

export type QueueName = keyof typeof queues;
export const QUEUE_NAMES = Object.keys(queues) as QueueName[];

export type PayloadOf<Name extends QueueName> =
  (typeof queues)[Name] extends QueueContract<string, infer Payload> ? Payload : never;

/** The contract of a queue whose name is only known at run time. */
export function contractOf<Name extends QueueName>(name: Name) {
  // TypeScript does not see that the entry under a name is the contract of that name.
  return queues[name] as unknown as QueueContract<Name, PayloadOf<Name>>;
}

/** BullMQ's key prefix: in braces, so that all queues lie on one node of a Redis Cluster. */
export function queuePrefixOf(keyPrefix: string): string {
  return `{${keyPrefix}}`;
}
