import type { QueueName } from './index.ts';
import type { OpenQueues } from './open-queues.ts';

interface Recurring {
  readonly queue: QueueName;
  /** Cron, in UTC. */
  readonly pattern: string;
}

/** What comes again by itself, under names of its own. */
export const SCHEDULE = {
  archive: { queue: 'archive-batch', pattern: '0 * * * *' },
  summaries: { queue: 'summarize', pattern: '0 2 * * *' },
} as const satisfies Record<string, Recurring>;

/** Sees to it that all of it is planned, once, however many processes say so. */
export async function plan(queues: OpenQueues): Promise<void> {
  for (const [id, { queue, pattern }] of Object.entries(SCHEDULE)) {
    const opened = await queues.get(queue);
    await opened.upsertJobScheduler(id, { pattern, tz: 'UTC' }, { name: queue, data: {} });
  }
}
