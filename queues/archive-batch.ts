import { z } from 'zod';
import type { ArchiveBatch } from '../domain/archive.ts';
import { defineQueue } from './define-queue.ts';

const CompanyId = z.string().min(1);

/** Nothing named: all that is due. */
type Everything = { readonly tier?: never };

/** Messages that are old enough to leave their tier. */
export const archiveBatch = defineQueue({
  name: 'archive-batch',
  summary:
    'Moves the Messages of a Company to the next tier, or compacts a month; an empty one finds out what is due.',
  payload: z.union<readonly z.ZodType<ArchiveBatch | Everything>[]>([
    z.strictObject({ companyId: CompanyId, tier: z.literal('hot'), before: z.iso.datetime() }),
    z.strictObject({
      companyId: CompanyId,
      tier: z.literal('warm'),
      day: z.iso.date(),
      lastDay: z.iso.date().optional(),
    }),
    z.strictObject({
      companyId: CompanyId,
      tier: z.literal('cold'),
      month: z.string().regex(/^\d{4}-\d\d$/),
    }),
    z.strictObject({}),
  ]),
  example: { companyId: 'lantern-loop', tier: 'hot', before: '2026-01-31T12:00:00.000Z' },
  deduplicationId: (batch) => JSON.stringify(batch),
  // What a batch left behind is due again an hour later.
  attemptsMax: 8,
  backoffMs: { base: 1_000, max: 60_000 },
  // One at a time: it shares MySQL with those who store and read.
  concurrency: 1,
  timeoutMs: 600_000,
  rateLimit: { jobsMax: 20, perMs: 1_000 },
  keep: { done: 100, dead: 1_000 },
});
