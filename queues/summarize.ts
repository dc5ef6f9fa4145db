import { z } from 'zod';
import { defineQueue } from './define-queue.ts';

const Id = z.string().min(1);

/** A Conversation that somebody wants a Summary of. */
export interface SummarizeOne {
  readonly companyId: string;
  readonly conversationId: string;
  readonly upTo?: string | undefined;
  readonly replaces?: number | undefined;
  readonly isNightly?: boolean | undefined;
}

/** Nothing named: all that is due. */
type Everything = { readonly conversationId?: never };

/** Conversations of which it is to be said what they were about. */
export const summarize = defineQueue({
  name: 'summarize',
  summary: 'Makes the Summary of a Conversation; an empty one finds out of which ones it is due.',
  payload: z.union<readonly z.ZodType<SummarizeOne | Everything>[]>([
    z.strictObject({
      companyId: Id,
      conversationId: Id,
      upTo: z.iso.datetime().optional().meta({
        description:
          '`createdAt` of a message: a summary that goes as far is enough, though more was said since.',
      }),
      replaces: z.int().min(1).optional().meta({
        description: 'A version that is to be followed by another, though nothing was said since.',
      }),
      isNightly: z.boolean().optional().meta({
        description:
          'Nobody waits for it: when the tokens of the day are spent, it is left to the next night.',
      }),
    }),
    z.strictObject({}),
  ]),
  example: { companyId: 'lantern-loop', conversationId: 'order-20481' },
  // What is wanted is part of it: a job that asks for less must not stand for one that asks for more.
  deduplicationId: (job) => {
    if (job.conversationId === undefined) return 'due';
    return JSON.stringify([
      job.companyId,
      job.conversationId,
      job.upTo,
      job.replaces,
      job.isNightly,
    ]);
  },
  attemptsMax: 8,
  backoffMs: { base: 1_000, max: 60_000 },
  // Mostly it waits for a model. The built-in Summarizer takes the processor for a millisecond or so.
  concurrency: 4,
  // A long Conversation takes a model several answers, each of up to a minute unless configured
  // otherwise, and each of which may have to be repaired.
  timeoutMs: 900_000,
  // 600 a minute is what language models allow their smaller customers; one that allows less says
  // so. A night of four hours has room for 144,000.
  rateLimit: { jobsMax: 10, perMs: 1_000 },
  keep: { done: 100, dead: 1_000 },
});
