import type { ClientWeek, Pattern } from './observations.ts';
import { type Share, wilsonInterval } from './wilson-interval.ts';

/** Of the Clients seen in the span. Counts, not a test. */
export interface ReturningClients extends Pattern {
  /** With two Conversations or more. */
  readonly again: Share;
  /** Seen in two weeks or more: they did not just ask twice about the same thing. */
  readonly inAnotherWeek: Share;
  readonly conversationsPerClient: number;
}

/** Below it, a share is known no better than within eighteen points. */
export const RETURNING_CLIENTS_MIN = 30;

export function returningClients(clientWeeks: readonly ClientWeek[]): ReturningClients | null {
  const clients = [...Map.groupBy(clientWeeks, ({ clientId }) => clientId).values()].map(
    (weeks) => ({
      weeks: weeks.length,
      conversations: weeks.reduce((sum, { conversations }) => sum + conversations, 0),
    }),
  );
  const observations = clients.length;
  if (observations < RETURNING_CLIENTS_MIN) return null;

  const again = clients.filter(({ conversations }) => conversations > 1).length;
  const inAnotherWeek = clients.filter(({ weeks }) => weeks > 1).length;
  return {
    observations,
    again: wilsonInterval(again, observations),
    inAnotherWeek: wilsonInterval(inAnotherWeek, observations),
    conversationsPerClient:
      clients.reduce((sum, { conversations }) => sum + conversations, 0) / observations,
  };
}
