import { type BreakOffs, breakOffs } from './break-offs.ts';
import { type ClientsAtRisk, clientsAtRisk } from './clients-at-risk.ts';
import { type Cohorts, cohorts } from './cohorts.ts';
import { type LengthFunnel, lengthFunnel } from './length-funnel.ts';
import { DAY_MS } from './local-time.ts';
import { type Observations, type Span, SPAN_DAYS_MAX } from './observations.ts';
import { type PeakHours, peakHours } from './peak-hours.ts';
import { type ReturningClients, returningClients } from './returning-clients.ts';
import { type SlowAnswers, slowAnswers } from './slow-answers.ts';
import { type Topics, topics } from './topics.ts';
import { type UnusualDays, unusualDays } from './unusual-days.ts';

/** What a Company's span shows; null for what it is too little to show. See docs/patterns.md. */
export interface Patterns {
  readonly peakHours: PeakHours | null;
  readonly lengthFunnel: LengthFunnel | null;
  readonly breakOffs: BreakOffs | null;
  readonly returningClients: ReturningClients | null;
  readonly cohorts: Cohorts | null;
  readonly slowAnswers: SlowAnswers | null;
  readonly topics: Topics | null;
  readonly clientsAtRisk: ClientsAtRisk | null;
  readonly unusualDays: UnusualDays | null;
}

/**
 * Looks for every pattern.
 *
 * @param slowMs Which wait for an answer is slow; by default what nine in ten do not exceed.
 * @throws RangeError If the span is empty or longer than `SPAN_DAYS_MAX`, or there is no such zone.
 */
export function findPatterns(
  seen: Observations,
  span: Span,
  slowMs: number | null = null,
): Patterns {
  const days = (Date.parse(span.to) - Date.parse(span.from)) / DAY_MS;
  if (!(days > 0 && days <= SPAN_DAYS_MAX)) throw new RangeError(`span of ${days} days`);
  return {
    peakHours: peakHours(seen.hours, span),
    lengthFunnel: lengthFunnel(seen.conversations, span),
    breakOffs: breakOffs(seen.conversations, span),
    returningClients: returningClients(seen.clientWeeks),
    cohorts: cohorts(seen.clientWeeks, span),
    slowAnswers: slowAnswers(seen.answers, span, slowMs),
    topics: topics(seen.summaries, span),
    clientsAtRisk: clientsAtRisk(seen, span),
    unusualDays: unusualDays(seen.hours, span),
  };
}
