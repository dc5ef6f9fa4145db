import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Limits, observe } from '../../../db/patterns/observe.ts';
import type { Message, Role } from '../../../domain/message.ts';
import type { HourOfMessages } from '../../../domain/patterns/observations.ts';
import { dayToCount } from '../../../domain/usage.ts';
import { addWait, newWaitSketch } from '../../../domain/wait-sketch.ts';
import { summarizeConversation } from '../../../workers/summarize.ts';
import { aMessage, openTestHouse, type TestHouse } from '../../house.ts';

const signal = AbortSignal.timeout(600_000);
const COMPANY = 'padaria';
const SPAN = {
  from: '2026-03-01T00:00:00.000Z', // A Sunday.
  to: '2026-03-09T00:00:00.000Z',
  timeZone: 'UTC',
};

let house: TestHouse;
beforeAll(async () => void (house = await openTestHouse()));
afterAll(() => house?.close());

/** @param at Day of March 2026 and time, such as `01T23:30:05`. */
function said(conversationId: string, at: string, clientId: string, role: Role): Message {
  const createdAt = `2026-03-${at}.000Z`;
  return aMessage({ companyId: COMPANY, conversationId, clientId, role, createdAt });
}

const HISTORY = [
  said('a', '01T23:30:00', 'ana', 'user'),
  said('a', '01T23:30:05', 'ana', 'bot'),
  said('b', '02T00:10:00', 'ana', 'user'),
  said('c', '03T10:00:00', 'rui', 'user'),
  said('c', '03T10:02:00', 'rui', 'agent'),
  said('c', '03T11:00:00', 'rui', 'system'),
  said('c', '03T11:30:00', 'rui', 'user'),
  said('two-clients', '04T09:00:00', 'ana', 'user'),
  said('two-clients', '04T09:01:00', 'ana', 'bot'),
  said('two-clients', '04T09:02:00', 'rui', 'user'),
  said('two-waiting', '05T09:00:00', 'ana', 'user'),
  said('two-waiting', '05T09:05:00', 'rui', 'user'),
  said('later', '09T00:00:00', 'eva', 'user'),
];

async function count(messages: readonly Message[]): Promise<void> {
  await house.wiring.deps.storeMessages(messages, signal);
  const [companyId = ''] = messages.map((message) => message.companyId);
  for (const day of new Set(messages.map(({ createdAt }) => createdAt.slice(0, 10)))) {
    await house.wiring.deps.recount({ companyId, span: dayToCount(day) }, signal);
  }
}

async function observed(companyId: string, limits?: Limits) {
  const { rows } = await sql<{ companyNo: number }>`
    select company_no as companyNo from companies where company_id = ${companyId}`.execute(
    house.db,
  );
  const wanted = { companyNo: rows[0]?.companyNo ?? 0, span: SPAN };
  return observe(house.db, wanted, signal, limits);
}

function anHour(at: string, given: Partial<HourOfMessages>): HourOfMessages {
  const nobody = { user: 0, bot: 0, agent: 0, system: 0, clients: 1 };
  const hour = `2026-03-${at}:00:00.000Z`;
  return { hour, ...nobody, conversationsOpened: 1, conversationsActive: 1, ...given };
}

function waits(at: string, ...waitsMs: number[]) {
  const sketch = newWaitSketch();
  for (const waitMs of waitsMs) addWait(sketch, waitMs);
  return { hour: `2026-03-${at}:00:00.000Z`, waits: sketch };
}

describe('what is observed of a small history', () => {
  beforeAll(async () => {
    await count(HISTORY);
    const wanted = { companyId: COMPANY, conversationId: 'c' };
    await summarizeConversation(wanted, house.wiring.deps, signal);
  });

  it('are its hours and answers, and no hour in which nothing was said', async () => {
    const { hours, answers } = await observed(COMPANY);
    expect(hours).toEqual([
      anHour('01T23', { user: 1, bot: 1 }),
      anHour('02T00', { user: 1 }),
      anHour('03T10', { user: 1, agent: 1 }),
      anHour('03T11', { user: 1, system: 1, conversationsOpened: 0 }),
      anHour('04T09', { user: 2, bot: 1, clients: 2 }),
      anHour('05T09', { user: 2, clients: 2 }),
    ]);
    expect(answers).toEqual([
      waits('01T23', 5_000),
      waits('03T10', 120_000),
      waits('04T09', 60_000),
    ]);
  });

  it('are its conversations, with who spoke last where that is known', async () => {
    const { conversations, conversationsFrom } = await observed(COMPANY);
    const ends = conversations.map(({ conversationId, lastRole }) => [conversationId, lastRole]);
    expect(ends).toEqual([
      ['two-waiting', 'user'],
      ['two-clients', null], // Of one client the bot spoke last, of the other the client did.
      ['c', 'user'],
      ['b', 'user'],
      ['a', 'bot'],
    ]);
    expect(conversations[2]).toEqual({
      conversationId: 'c',
      clientId: 'rui',
      firstMessageAt: '2026-03-03T10:00:00.000Z',
      lastMessageAt: '2026-03-03T11:30:00.000Z',
      messageCount: 4,
      lastRole: 'user',
    });
    expect(conversationsFrom).toBe(SPAN.from);
  });

  it('are the conversations of its clients by weeks that begin on Monday', async () => {
    const { clientWeeks, clientShare } = await observed(COMPANY);
    expect(
      clientWeeks.toSorted((a, b) => (a.clientId + a.week < b.clientId + b.week ? -1 : 1)),
    ).toEqual([
      { clientId: 'ana', week: '2026-02-23', conversations: 1 },
      { clientId: 'ana', week: '2026-03-02', conversations: 3 },
      { clientId: 'rui', week: '2026-03-02', conversations: 3 },
    ]);
    expect(clientShare).toBe(1);
  });

  it('are its summaries, at the time of what they sum up', async () => {
    const { summaries, summariesFrom } = await observed(COMPANY);
    const wanted = { companyId: COMPANY, conversationId: 'c' };
    const kept = (await house.wiring.readSummary(wanted))?.summary;
    expect(summaries).toEqual([
      {
        conversationId: 'c',
        clientId: 'rui',
        at: '2026-03-03T11:30:00.000Z',
        tags: kept?.tags,
        score: kept?.sentiment.score,
        label: kept?.sentiment.label,
      },
    ]);
    expect(summariesFrom).toBe(SPAN.from);
  });
});

describe('of more than there is room for', () => {
  const CLIENTS = 60;
  const LIMITS = { conversationsMax: 2, summariesMax: 10, clientWeeksMax: 50 };

  it('are taken the newest conversations', async () => {
    const { conversations, conversationsFrom } = await observed(COMPANY, LIMITS);
    expect(conversations.map(({ conversationId }) => conversationId)).toEqual([
      'two-waiting',
      'two-clients',
    ]);
    expect(conversationsFrom).toBe('2026-03-04T09:02:00.000Z');
  });

  it('are taken all weeks of some clients, the same ones each time', async () => {
    const companyId = 'lotada';
    const ids = Array.from({ length: CLIENTS }, (_, nth) => `client-${nth}`);
    const messages = ids.flatMap((clientId) =>
      ['2026-03-01', '2026-03-02'].map((day) => {
        const conversationId = `${clientId} ${day}`;
        return aMessage({ companyId, clientId, conversationId, createdAt: `${day}T12:00:00.000Z` });
      }),
    );
    await count(messages);

    const { clientWeeks, clientShare } = await observed(companyId, LIMITS);
    const weeksOf = Map.groupBy(clientWeeks, ({ clientId }) => clientId);
    expect([...weeksOf.values()].filter((weeks) => weeks.length !== 2)).toEqual([]);
    expect(clientWeeks.length).toBeLessThanOrEqual(LIMITS.clientWeeksMax);
    // By a hash, one does not get just what there is room for.
    expect(weeksOf.size).toBeGreaterThan(10);
    expect(clientShare).toBeGreaterThan(0.2);
    expect(clientShare).toBeLessThan(0.7);

    const again = await observed(companyId, LIMITS);
    expect(again.clientWeeks).toEqual(clientWeeks);
    expect((await observed(companyId)).clientWeeks).toHaveLength(2 * CLIENTS);
  });
});
