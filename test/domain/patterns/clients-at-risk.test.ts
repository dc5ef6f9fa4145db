import { describe, expect, it } from 'vitest';
import { FALSE_DISCOVERY_RATE } from '../../../domain/patterns/benjamini-hochberg.ts';
import { clientsAtRisk } from '../../../domain/patterns/clients-at-risk.ts';
import { DAY_MS } from '../../../domain/instant.ts';
import type { ConversationSeen, SummarySeen } from '../../../domain/patterns/observations.ts';
import { type Random, randomOf } from '../random.ts';
import { aConversation, aSummary, falseFindingsMax, spanOf } from './company.ts';

const COMPANIES = 200;
const WEEKS = 8;
const SPAN = spanOf(WEEKS);
const SPAN_MS = WEEKS * 7 * DAY_MS;

/** Clients who differ by `spread`, and ask again within two days with the chance `again`. */
function someConversations(
  random: Random,
  { spread = 0, again = 0 }: { readonly spread?: number; readonly again?: number },
): ConversationSeen[] {
  const starts: { clientId: string; startMs: number }[] = [];
  for (let client = 0; client < 100; client += 1) {
    const rate = 3 * (spread > 0 ? random.gamma(spread) : 1);
    for (let visit = random.poisson(rate); visit > 0; visit -= 1) {
      let startMs = random.uniform() * SPAN_MS;
      do {
        starts.push({ clientId: `client-${client}`, startMs });
        startMs = Math.min(SPAN_MS - 1, startMs + random.uniform() * 2 * DAY_MS);
      } while (random.chance(again));
    }
  }
  return starts.map((start, id) => aConversation(id, start));
}

function someSummaries(random: Random, fallOf: (client: number) => number): SummarySeen[] {
  return Array.from({ length: 40 }, (_, client) =>
    Array.from({ length: 8 }, (_summary, at) =>
      aSummary(client * 100 + at, {
        clientId: `client-${client}`,
        startMs: (at + random.uniform()) * 5 * DAY_MS,
        score: Math.max(-1, Math.min(1, 0.3 - fallOf(client) * (at / 7) + random.normal() * 0.2)),
      }),
    ),
  ).flat();
}

describe('clientsAtRisk', () => {
  it('finds a Client who comes again and again, and one who gets angrier each time', () => {
    const random = randomOf(1);
    const plain = someConversations(random, { spread: 0.3 });
    const insistent = Array.from({ length: 9 }, (_, at) =>
      aConversation(9_000 + at, {
        clientId: 'insistent',
        startMs: SPAN_MS - 5 * DAY_MS + (at * DAY_MS) / 2,
      }),
    );
    const conversations = [...plain, ...insistent];
    const summaries = someSummaries(random, (client) => (client === 7 ? 1.2 : 0));

    const found = clientsAtRisk({ conversations, summaries }, SPAN);
    expect(found?.observations).toBe(conversations.length);
    expect(found?.clients.map(({ clientId }) => clientId).toSorted()).toEqual([
      'client-7',
      'insistent',
    ]);
    const reasons = new Map(found?.clients.map((client) => [client.clientId, client]));
    expect(reasons.get('insistent')?.repeatedContact?.conversations).toBe(9);
    expect(reasons.get('insistent')?.fallingSentiment).toBeNull();
    expect(reasons.get('client-7')?.fallingSentiment?.fall).toBeGreaterThan(0.6);
  });

  it('names first who is at risk for both reasons', () => {
    const random = randomOf(2);
    const often = Array.from({ length: 20 }, (_, at) =>
      aConversation(9_000 + at, {
        clientId: at < 10 ? 'client-3' : 'insistent',
        startMs: SPAN_MS - ((at % 10) + 1) * (DAY_MS / 2),
      }),
    );
    const conversations = [...someConversations(random, {}), ...often];
    const summaries = someSummaries(random, (client) => (client === 3 ? 1.2 : 0));
    const found = clientsAtRisk({ conversations, summaries }, SPAN);
    expect(found?.clients.map(({ clientId }) => clientId)).toEqual(['client-3', 'insistent']);
  });

  it('does not blame a Client for a week in which all come more often', () => {
    const random = randomOf(3);
    const rush = Array.from({ length: 300 }, (_, at) =>
      aConversation(9_000 + at, {
        clientId: `client-${random.below(100)}`,
        startMs: SPAN_MS - random.uniform() * 7 * DAY_MS,
      }),
    );
    const conversations = [...someConversations(random, {}), ...rush];
    expect(clientsAtRisk({ conversations, summaries: [] }, SPAN)?.clients).toEqual([]);
  });

  it('does not show a fall that is steady, but not felt', () => {
    const summaries = Array.from({ length: 12 }, (_, at) =>
      aSummary(at, { clientId: 'client-1', startMs: at * DAY_MS, score: 0.5 - at / 100 }),
    );
    const conversations = someConversations(randomOf(4), {});
    expect(clientsAtRisk({ conversations, summaries }, SPAN)?.clients).toEqual([]);
  });

  it.each([
    ['come alike', {}],
    ['come unlike often', { spread: 1 }],
    ['ask again at once', { again: 0.3 }],
  ])('finds Clients in no more Companies whose Clients %s than it promises', (_what, how) => {
    let wrong = 0;
    for (let seed = 1; seed <= COMPANIES; seed += 1) {
      const conversations = someConversations(randomOf(seed), how);
      if (clientsAtRisk({ conversations, summaries: [] }, SPAN)?.clients.length) wrong += 1;
    }
    expect(wrong).toBeLessThanOrEqual(falseFindingsMax(COMPANIES, FALSE_DISCOVERY_RATE));
  });

  it('finds falls in no more Companies whose sentiments only vary than it promises', () => {
    const conversations = someConversations(randomOf(5), {});
    let wrong = 0;
    for (let seed = 1; seed <= COMPANIES; seed += 1) {
      const summaries = someSummaries(randomOf(seed), () => 0);
      if (clientsAtRisk({ conversations, summaries }, SPAN)?.clients.length) wrong += 1;
    }
    expect(wrong).toBeLessThanOrEqual(falseFindingsMax(COMPANIES, FALSE_DISCOVERY_RATE));
  });

  it('says for how many Clients each reason was tested, and is nothing if it was for none', () => {
    const conversations = someConversations(randomOf(7), {});
    const clients = new Set(conversations.map(({ clientId }) => clientId)).size;
    const short = spanOf(3);
    const summaries = someSummaries(randomOf(7), () => 0);
    expect(clientsAtRisk({ conversations, summaries }, SPAN)).toMatchObject({
      fallingSentimentTested: 40,
      repeatedContactTested: clients,
    });
    expect(clientsAtRisk({ conversations, summaries: [] }, SPAN)).toMatchObject({
      fallingSentimentTested: null,
      repeatedContactTested: clients,
    });
    expect(clientsAtRisk({ conversations, summaries }, short)).toMatchObject({
      fallingSentimentTested: 40,
      repeatedContactTested: null,
    });
    expect(clientsAtRisk({ conversations, summaries: [] }, short)).toBeNull();
  });

  it('is nothing of fewer than 100 Conversations', () => {
    const conversations = someConversations(randomOf(6), {}).slice(0, 99);
    expect(clientsAtRisk({ conversations, summaries: [] }, SPAN)).toBeNull();
  });
});
