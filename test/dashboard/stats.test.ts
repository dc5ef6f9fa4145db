import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MessageStats } from '../../domain/stats.ts';
import { dayToCount } from '../../domain/usage.ts';
import { summarizeConversation } from '../../workers/summarize.ts';
import { aMessage } from '../house.ts';
import { codeOf } from './caller.ts';
import { COMPANY, type HttpHouse, openHttpHouse } from './open-http-house.ts';

const signal = AbortSignal.timeout(600_000);
const DAY = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);
const said = (seconds: number, role: 'user' | 'bot', client: string) =>
  aMessage({
    companyId: COMPANY,
    conversationId: `c-${client}`,
    clientId: client,
    role,
    content: 'olá',
    createdAt: new Date(Date.parse(`${DAY}T12:00:00Z`) + seconds * 1_000).toISOString(),
  });

let house: HttpHouse;
beforeAll(async () => {
  house = await openHttpHouse();
  const messages = [
    said(0, 'user', 'ana'),
    said(10, 'bot', 'ana'),
    said(40, 'user', 'ana'),
    said(60, 'bot', 'ana'),
    said(3_600, 'user', 'rui'),
  ];
  await house.wiring.deps.storeMessages(messages, signal);
  await house.wiring.deps.recount({ companyId: COMPANY, span: dayToCount(DAY) }, signal);
});
afterAll(() => house?.close());

const statsAt = async (path: string) =>
  JSON.parse((await house.caller.get(path)).text) as MessageStats;

describe('statistics over HTTP', () => {
  it('tell what was said, all in all and day by day', async () => {
    const stats = await statsAt('/messages/stats?days=3');
    expect(stats).toMatchObject({
      messages: { user: 3, bot: 2, agent: 0, system: 0 },
      bytes: 5 * 4,
      conversationsActive: 2,
      conversationsOpened: 2,
      clients: 2,
      conversationMessages: { count: 2, p50: 1, p99: 1 },
    });
    expect(stats.buckets.map(({ from, clients }) => [from.slice(0, 10), clients])).toEqual([
      [DAY, 2],
      [expect.anything(), 0],
      [expect.anything(), 0],
    ]);
  });

  it('tell how long clients waited for answers', async () => {
    const { waits, firstWaits } = await statsAt('/messages/stats?days=3');
    expect(waits.count).toBe(2);
    expect(Math.abs((waits.p50 ?? 0) - 10_000)).toBeLessThan(100);
    expect(firstWaits.count).toBe(1);
    expect(Math.abs((firstWaits.p50 ?? 0) - 10_000)).toBeLessThan(100);
  });

  it('tell how conversations went, of those that have a summary', async () => {
    const none = { negative: 0, neutral: 0, positive: 0 };
    expect((await statsAt('/messages/stats?days=3&by=hour')).sentiments).toEqual(none);
    const { deps } = house.wiring;
    const conversation = { companyId: COMPANY, conversationId: 'c-ana' };
    await summarizeConversation(conversation, deps, signal);
    await house.caller.delete('/messages/cache');
    const { sentiments } = await statsAt('/messages/stats?days=3&by=hour');
    expect(sentiments).toEqual({ ...none, neutral: 1 });
    expect((await statsAt('/messages/clients/ana/stats?days=3')).sentiments.neutral).toBe(1);
    expect((await statsAt('/messages/clients/rui/stats?days=3')).sentiments).toEqual(none);
  });

  it('come hour by hour, too', async () => {
    const { buckets } = await statsAt('/messages/stats?days=3&by=hour');
    const busy = buckets.filter(({ messages }) => messages.user > 0);
    expect(busy.map(({ from, messages }) => [from, messages.user])).toEqual([
      [`${DAY}T12:00:00.000Z`, 2],
      [`${DAY}T13:00:00.000Z`, 1],
    ]);
  });

  it('come of one client, and of one that nobody knows there is nothing', async () => {
    expect(await statsAt('/messages/clients/ana/stats?days=3')).toMatchObject({
      messages: { user: 2, bot: 2 },
      conversationsActive: 1,
      clients: 1,
    });
    expect(await statsAt('/messages/clients/eva/stats?days=3')).toMatchObject({
      messages: { user: 0 },
      clients: 0,
    });
  });

  it("begin days by the installation's clock, unless the caller names another", async () => {
    const { url } = await house.openDashboard({ timeZone: 'America/Sao_Paulo' });
    const caller = house.callerWith(await house.tokenFor(['read']), url);
    const zoneOf = async (path: string) =>
      (JSON.parse((await caller.get(path)).text) as MessageStats).timeZone;
    expect(await zoneOf('/messages/stats')).toBe('America/Sao_Paulo');
    expect(await zoneOf('/messages/clients/ana/stats')).toBe('America/Sao_Paulo');
    expect(await zoneOf('/messages/stats?timeZone=UTC')).toBe('UTC');
  });

  it("P7: are the company's own, also of a client that has the same id", async () => {
    const rival = house.callerWith(await house.tokenFor(['read'], 'rival'));
    const message = { ...said(0, 'user', 'ana'), companyId: 'rival' };
    await house.wiring.deps.storeMessages([message], signal);
    await house.wiring.deps.recount({ companyId: 'rival', span: dayToCount(DAY) }, signal);
    for (const path of ['/messages/stats?days=3', '/messages/clients/ana/stats?days=3']) {
      const theirs = JSON.parse((await rival.get(path)).text) as MessageStats;
      expect(theirs).toMatchObject({ messages: { user: 1, bot: 0 }, waits: { count: 0 } });
      expect((await statsAt(path)).messages.bot).toBe(2);
    }
  });

  it.each([
    ['days=0', 'days'],
    ['days=367', 'days'],
    ['days=32&by=hour', 'days'],
    ['by=week', 'by'],
    ['timeZone=Mars/Olympus', 'timeZone'],
    ['timeZone=%2B03:00', 'timeZone'],
  ])('refuse %s, and name the field', async (query, field) => {
    const answer = await house.caller.get(`/messages/stats?${query}`);
    expect([answer.status, codeOf(answer)]).toEqual([400, 'REQUEST_INVALID']);
    expect(answer.text).toContain(field);
  });
});
