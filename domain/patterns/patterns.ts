import { type BreakOffs, breakOffs } from './break-offs.ts';
import { type ClientsAtRisk, clientsAtRisk } from './clients-at-risk.ts';
import { type Cohorts, cohorts } from './cohorts.ts';
import { type LengthFunnel, lengthFunnel } from './length-funnel.ts';
import { DAY_MS } from '../instant.ts';
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
  return Object.fromEntries(patternsOf(seen, span, slowMs));
}

type NamedPattern = { [Name in keyof Patterns]: [Name, Patterns[Name]] }[keyof Patterns];

/** The same one after the other, each computed when it is asked for. */
export function* patternsOf(
  seen: Observations,
  span: Span,
  slowMs: number | null = null,
): Generator<NamedPattern> {
  const days = (Date.parse(span.to) - Date.parse(span.from)) / DAY_MS;
  if (!(days > 0 && days <= SPAN_DAYS_MAX)) throw new RangeError(`span of ${days} days`);
  yield ['peakHours', peakHours(seen.hours, span)];
  yield ['lengthFunnel', lengthFunnel(seen.conversations, span)];
  yield ['breakOffs', breakOffs(seen.conversations, span)];
  yield ['returningClients', returningClients(seen.clientWeeks)];
  yield ['cohorts', cohorts(seen.clientWeeks, span)];
  yield ['slowAnswers', slowAnswers(seen.answers, span, slowMs)];
  yield ['topics', topics(seen.summaries, { ...span, from: seen.summariesFrom })];
  yield ['clientsAtRisk', clientsAtRisk(seen, { ...span, from: seen.conversationsFrom })];
  yield ['unusualDays', unusualDays(seen.hours, span)];
}
