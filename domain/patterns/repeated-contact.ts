import { discoveries } from './benjamini-hochberg.ts';
import { DAY_MS } from '../instant.ts';
import type { ConversationSeen, Span, Tested } from './observations.ts';
import { negativeBinomialTail } from './tail-probability.ts';

export interface RepeatedContact {
  readonly clientId: string;
  /** Begun in the last seven days of the span. */
  readonly conversations: number;
  /** How many a Client of this Company begins in seven days, on average. */
  readonly average: number;
  readonly qValue: number;
}

/** Twice may be a follow-up. */
export const REPEATED_CONVERSATIONS_MIN = 3;
/** How much Clients differ shows only with so many of them, over so many weeks. */
export const REPEATED_CLIENTS_MIN = 30;
export const REPEATED_WEEKS_MIN = 4;
export const REPEATED_HISTORY_MIN = 100;

const WEEK_MS = 7 * DAY_MS;

/**
 * Clients who came again and again in the last seven days of the span.
 *
 * Null model: all Clients of the span come as often as they did in its last week on average, and
 * differ as much as Clients and weeks before it did (negative binomial).
 *
 * @returns Null where there is too little to know how they differ.
 */
export function repeatedContacts(
  conversations: readonly ConversationSeen[],
  span: Span,
): Tested<RepeatedContact> | null {
  const clients = [...Map.groupBy(conversations, ({ clientId }) => clientId)].map(
    ([clientId, ofClient]) => ({ clientId, weeks: weeksOf(ofClient, span) }),
  );
  const weeks = Math.floor((Date.parse(span.to) - Date.parse(span.from)) / WEEK_MS);
  if (clients.length < REPEATED_CLIENTS_MIN || weeks < REPEATED_WEEKS_MIN) return null;

  const earlier = clients.flatMap((client) => client.weeks.slice(1, weeks));
  const before = momentsOf(earlier, clients.length * (weeks - 1));
  if (before.total < REPEATED_HISTORY_MIN) return null;

  const lastWeeks = clients.map((client) => ({ ...client, count: client.weeks[0] ?? 0 }));
  const average = lastWeeks.reduce((sum, { count }) => sum + count, 0) / clients.length;
  const tested = lastWeeks.map(({ clientId, count }) => ({
    clientId,
    count,
    pValue: negativeBinomialTail(count, average, before.dispersion),
  }));
  const found = discoveries(tested)
    .map(({ finding: { clientId, count }, qValue }) => ({
      clientId,
      conversations: count,
      average,
      qValue,
    }))
    .filter((contact) => contact.conversations >= REPEATED_CONVERSATIONS_MIN);
  return { tested: tested.length, found };
}

/** How many Conversations began in the last seven days, in the seven before them, and so on. */
function weeksOf(conversations: readonly ConversationSeen[], span: Span): number[] {
  const weeks: number[] = [];
  for (const { firstMessageAt } of conversations) {
    const agoMs = Date.parse(span.to) - Date.parse(firstMessageAt);
    const week = Math.floor((agoMs - 1) / WEEK_MS);
    while (weeks.length <= week) weeks.push(0);
    if (week >= 0) weeks[week] = (weeks[week] ?? 0) + 1;
  }
  return weeks;
}

/**
 * The moment estimate of what the variance has above Poisson's, as a share of the squared mean.
 *
 * @param size How many counts there are, with the zeros that are left out.
 */
function momentsOf(counts: readonly number[], size: number) {
  let total = 0;
  let squares = 0;
  for (const count of counts) {
    total += count;
    squares += count ** 2;
  }
  const mean = total / size;
  const variance = squares / size - mean ** 2;
  return { total, dispersion: total > 0 ? Math.max(0, (variance - mean) / mean ** 2) : 0 };
}
