import { z } from 'zod';
import { notFound } from '../problem.ts';
import { defineRoute } from '../route.ts';
import { patternsQuery, PatternsShape, QueuedShape } from '../shapes.ts';

/** A free Fleet has them found by then. */
const RETRY_AFTER_SECONDS = '2';

export const patterns = defineRoute({
  name: 'patterns',
  method: 'get',
  path: '/messages/patterns',
  summary:
    'What recurs: busy hours, lengths, returning clients, slow answers, topics, unusual days.',
  description:
    'Found every night, and now if nobody asked for these days and this time zone before. Each pattern says how many observations it rests on, and is null where there are too few.',
  scope: 'read',
  query: z.strictObject(patternsQuery),
  answers: {
    200: { description: 'The patterns.', schema: PatternsShape },
    202: {
      description: 'They are being looked for; ask again after the seconds of `Retry-After`.',
      schema: QueuedShape,
      hasRetryAfter: true,
    },
  },
  async handle({ companyId, query: { days, timeZone } }, deps) {
    const wanted = { companyId, days, timeZone };
    const found = await deps.readPatterns(wanted);
    if (found === undefined) throw notFound('company with messages');
    if (found) return { status: 200, body: found };
    await deps.findPatternsLater(wanted);
    const headers = { 'retry-after': RETRY_AFTER_SECONDS };
    return { status: 202, body: { status: 'queued' }, headers };
  },
});
