import { z } from 'zod';
import { defineQueue } from './define-queue.ts';

/** Pages that somebody reads, put back into the cache before they are asked for. */
const Warming = z.object({
  companyId: z.string().min(1),
  /** Absent: the Conversations of the Company that spoke last. */
  conversationId: z.string().min(1).optional(),
});

/** Whatever the cache keeps and nobody needs: of all Companies. */
const Cleaning = z.strictObject({ clean: z.literal(true) });

/** Care of the cache, while nobody waits for it. */
export const cacheWarm = defineQueue({
  name: 'cache-warm',
  summary:
    'Fills the cache for one Conversation, or for the active ones of a Company; or cleans all of it.',
  payload: z.union([Warming, Cleaning]),
  example: { companyId: 'lantern-loop', conversationId: 'order-20481' },
  deduplicationId: (job) =>
    JSON.stringify('clean' in job ? ['clean'] : [job.companyId, job.conversationId ?? null]),
  // A page that was not warmed is filled by its next reader: not worth many attempts.
  attemptsMax: 2,
  backoffMs: { base: 100, max: 1_000 },
  concurrency: 16,
  timeoutMs: 5_000,
  keep: { done: 100, dead: 100 },
});
