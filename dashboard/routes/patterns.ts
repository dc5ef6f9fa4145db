import { z } from 'zod';
import { type PatternsState, SPANS_PER_COMPANY_MAX } from '../../domain/patterns/request.ts';
import { zoneNameOf } from '../../domain/time-zone.ts';
import { notFound, RequestFault } from '../problem.ts';
import { defineRoute } from '../route.ts';
import { patternsQuery, PatternsShape, QueuedShape } from '../shapes.ts';

/** A free Fleet has them found by then. */
const RETRY_AFTER_SECONDS = '2';
/** So long after they could not be found, nobody has it tried again by asking. */
const FAILED_MS = 3_600_000;
/** It may be tried again meanwhile for other reasons. */
const FAILED_RETRY_MS = 60_000;

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
    const wanted = { companyId, days, timeZone: zoneNameOf(timeZone ?? deps.timeZone) };
    const state = await deps.readPatterns(wanted);
    if (!state) throw notFound('company with messages');
    if (state.found) return { status: 200, body: state.found };
    if (hasJustFailed(state, deps.now())) throw patternsFailed();
    if (!(await deps.wantPatterns(wanted))) throw tooManySpans();
    await deps.findPatternsLater(wanted);
    const headers = { 'retry-after': RETRY_AFTER_SECONDS };
    return { status: 202, body: { status: 'queued' }, headers };
  },
});

function hasJustFailed({ failedAt }: PatternsState, nowMs: number): boolean {
  return failedAt !== null && Date.parse(failedAt) > nowMs - FAILED_MS;
}

const patternsFailed = () =>
  new RequestFault(
    'PATTERNS_FAILED',
    'looking for the patterns failed; it is tried again within a day, and operations see why in the queue aggregate',
    { retry: { afterMs: FAILED_RETRY_MS } },
  );

function tooManySpans(): RequestFault {
  const detail = `ask for a span that was asked for before: there are ${SPANS_PER_COMPANY_MAX} of other days or time zones; those nobody uses are forgotten after 30 days`;
  return new RequestFault('REQUEST_INVALID', `days: ${detail}`, {
    errors: [{ field: 'days', detail }],
  });
}
