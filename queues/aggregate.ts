import { z } from 'zod';
import { defineQueue } from './define-queue.ts';

const CompanyId = z.string().min(1);

const Span = z.strictObject({
  companyId: CompanyId,
  /** Usage is counted anew of all Conversations that spoke between them; `to` is not part of it. */
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  /** Until when this job waits for more to count, milliseconds since 1970. One of each is enough. */
  dueAtMs: z.number().int().optional(),
});
const PatternsOf = z.strictObject({
  companyId: CompanyId,
  /** Patterns are looked for in so many days of a time zone, up to and with the current one. */
  days: z.number().int().min(1),
  timeZone: z.string().min(1),
});
/** All of one kind that is due: days on which Usage and Ledger differ, or patterns somebody wants. */
const Everything = z.strictObject({
  due: z.enum(['usage', 'patterns']),
  /** The current UTC day as well, on which there is nearly always something under way. */
  isTodayMeant: z.boolean().optional(),
});

type Payload = z.infer<typeof Span> | z.infer<typeof PatternsOf> | z.infer<typeof Everything>;

/** What was said, counted for statistics, and what the counts show. */
export const aggregate = defineQueue({
  name: 'aggregate',
  summary:
    'Counts the Usage of a Company anew as far as it changed, or looks for its patterns; or has done what is due.',
  payload: z.union<readonly z.ZodType<Payload>[]>([Span, PatternsOf, Everything]),
  example: {
    companyId: 'lantern-loop',
    from: '2026-01-31T12:00:00.000Z',
    to: '2026-01-31T12:05:00.000Z',
  },
  deduplicationId: (payload) => JSON.stringify(payload),
  // A night's work for all Companies must not keep anybody's statistics of today waiting.
  isPatient: (payload) => !('dueAtMs' in payload && payload.dueAtMs !== undefined),
  attemptsMax: 8,
  backoffMs: { base: 1_000, max: 60_000 },
  // Of these only one is at long work, see `workers/aggregate.ts`: the other is always free, within a
  // second, for what was said just now. No more: they share MySQL with those who store and read.
  concurrency: 2,
  timeoutMs: 600_000,
  keep: { done: 100, dead: 1_000 },
});
