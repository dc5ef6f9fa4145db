import { z } from 'zod';
import { defineQueue } from './define-queue.ts';

/** Pages that somebody reads, put back into the cache before they are asked for. */
export const cacheWarm = defineQueue({
  name: 'cache-warm',
  summary: 'Fills the cache for one Conversation, or for the active ones of a Company.',
  payload: z.object({
    companyId: z.string().min(1),
    /** Absent: the Conversations of the Company that spoke last. */
    conversationId: z.string().min(1).optional(),
  }),
  example: { companyId: 'lantern-loop', conversationId: 'order-20481' },
  deduplicationId: ({ companyId, conversationId }) =>
    JSON.stringify([companyId, conversationId ?? null]),
  // A page that was not warmed is filled by its next reader: not worth many attempts.
  attemptsMax: 2,
  backoffMs: { base: 100, max: 1_000 },
  concurrency: 16,
  timeoutMs: 5_000,
  keep: { done: 100, dead: 100 },
});
