import type { JobsOptions } from 'bullmq';
import type { QueueContract } from './define-queue.ts';
import { contractOf, type PayloadOf, type QueueName } from './index.ts';
import { openQueues } from './open-queues.ts';
import type { QueueRedis } from './connection.ts';

/** Puts jobs into queues. What happens to them there is the contract's matter, see `fleet.ts`. */
export interface Enqueuer {
  /**
   * @param when.delayMs Milliseconds until it may run. What is to run later holds nothing back that is
   *                     wanted now: of one id there may be a job of each kind.
   * @returns When the job is durable in the queue's Redis; the job's id.
   */
  enqueue<Name extends QueueName>(
    name: Name,
    payload: PayloadOf<Name>,
    when?: { readonly delayMs: number },
  ): Promise<string>;
  /** Jobs that wait for a worker, not counting those delayed until later. */
  countWaiting(name: QueueName): Promise<number>;
  close(): Promise<void>;
}

const PATIENT = 1;

/** JSON of one job. Larger ones make every step of Redis slow for all queues. */
const PAYLOAD_BYTES_MAX = 4 * 1024 * 1024;

/** @param connection Stays the caller's: it is not closed here. */
export function openEnqueuer(connection: QueueRedis, prefix: string): Enqueuer {
  const queues = openQueues(connection, prefix);
  return {
    async enqueue(name, payload, when = { delayMs: 0 }) {
      const queue = await queues.get(name);
      const job = await queue.add(name, payload, jobOptions(contractOf(name), payload, when));
      return job.id ?? '';
    },
    countWaiting: async (name) => (await queues.get(name)).getWaitingCount(),
    close: queues.close,
  };
}

function jobOptions<Payload>(
  contract: QueueContract<string, Payload>,
  payload: Payload,
  { delayMs }: { delayMs: number },
) {
  const options: JobsOptions = { sizeLimit: PAYLOAD_BYTES_MAX };
  if (delayMs > 0) options.delay = delayMs;
  // Of BullMQ's jobs those without a priority come first.
  if (contract.isPatient?.(payload)) options.priority = PATIENT;
  const own = contract.deduplicationId?.(payload);
  const id = own !== undefined && delayMs > 0 ? `${own} later` : own;
  // Until it is finished, and once more if asked for while it runs: the running one may be too old.
  if (id !== undefined) options.deduplication = { id, keepLastIfActive: true };
  return options;
}
