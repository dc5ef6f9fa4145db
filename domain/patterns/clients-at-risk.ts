import { type FallingSentiment, fallingSentiments } from './falling-sentiment.ts';
import type { ConversationSeen, Pattern, Span, SummarySeen } from './observations.ts';
import { type RepeatedContact, repeatedContacts } from './repeated-contact.ts';

export interface ClientAtRisk {
  readonly clientId: string;
  readonly fallingSentiment: Omit<FallingSentiment, 'clientId'> | null;
  readonly repeatedContact: Omit<RepeatedContact, 'clientId'> | null;
}

/** Clients whom somebody should call. */
export interface ClientsAtRisk extends Pattern {
  /** How many Clients were tested for each reason; null: there is too little to test it. */
  readonly fallingSentimentTested: number | null;
  readonly repeatedContactTested: number | null;
  /** Those for both reasons first, then the surest. */
  readonly clients: readonly ClientAtRisk[];
}

/** Fewer are better read one by one. */
export const RISK_CONVERSATIONS_MIN = 100;
export const RISK_CLIENTS_MAX = 100;

/**
 * Each reason is tested for itself over all Clients, and keeps its own rate of false discoveries.
 *
 * @param seen Of one Company and span.
 */
export function clientsAtRisk(
  seen: {
    readonly conversations: readonly ConversationSeen[];
    readonly summaries: readonly SummarySeen[];
  },
  span: Span,
): ClientsAtRisk | null {
  const observations = seen.conversations.length;
  if (observations < RISK_CONVERSATIONS_MIN) return null;

  const sentiments = fallingSentiments(seen.summaries);
  const contacts = repeatedContacts(seen.conversations, span);
  if (!sentiments && !contacts) return null;
  const falling = byClient(sentiments?.found ?? []);
  const repeated = byClient(contacts?.found ?? []);
  const clients = [...new Set([...falling.keys(), ...repeated.keys()])].map((clientId) => ({
    clientId,
    fallingSentiment: falling.get(clientId) ?? null,
    repeatedContact: repeated.get(clientId) ?? null,
  }));
  return {
    observations,
    fallingSentimentTested: sentiments?.tested ?? null,
    repeatedContactTested: contacts?.tested ?? null,
    clients: clients.toSorted(byUrgency).slice(0, RISK_CLIENTS_MAX),
  };
}

function byClient<T extends { readonly clientId: string }>(findings: readonly T[]) {
  return new Map(findings.map(({ clientId, ...finding }) => [clientId, finding]));
}

function byUrgency(a: ClientAtRisk, b: ClientAtRisk): number {
  return reasonsOf(b).length - reasonsOf(a).length || qValueOf(a) - qValueOf(b);
}

const reasonsOf = (client: ClientAtRisk) =>
  [client.fallingSentiment, client.repeatedContact].filter((reason) => reason !== null);

const qValueOf = (client: ClientAtRisk) =>
  Math.min(...reasonsOf(client).map(({ qValue }) => qValue));
