import { z } from 'zod';
import { defineQueue } from './define-queue.ts';

const Span = z.strictObject({
  companyId: z.string().min(1),
  /** Usage is counted anew of all Conversations that spoke between them; `to` is not part of it. */
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  /** Until when this job waits for more to count, milliseconds since 1970. One of each is enough. */
  dueAtMs: z.number().int().optional(),
});
type Span = z.infer<typeof Span>;

/** Nothing named: all days on which Usage and Ledger differ. */
type Everything = { readonly companyId?: never };

/** What was said, counted for statistics. */
export const aggregate = defineQueue({
  name: 'aggregate',
  summary:
    'Counts the Usage of a Company anew, as far as it changed; an empty one compares all with the Ledger.',
  payload: z.union<readonly z.ZodType<Span | Everything>[]>([Span, z.strictObject({})]),
  example: {
    companyId: 'lantern-loop',
    from: '2026-01-31T12:00:00.000Z',
    to: '2026-01-31T12:05:00.000Z',
  },
  deduplicationId: (span) => JSON.stringify(span),
  attemptsMax: 8,
  backoffMs: { base: 1_000, max: 60_000 },
  // One at a time: it shares MySQL with those who store and read.
  concurrency: 1,
  timeoutMs: 600_000,
  keep: { done: 100, dead: 1_000 },
});
