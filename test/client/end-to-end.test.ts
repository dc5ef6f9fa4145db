import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, openClient, type OutgoingMessage } from '../../client/http.ts';
import { type RunningDashboard, runDashboard } from '../../dashboard/run.ts';
import type { Message } from '../../domain/message.ts';
import { newMessageId } from '../../domain/message-id.ts';
import { eventually, openTestHouse, type TestHouse } from '../house.ts';

const DAY = '2026-03-01';
const isThere = (found: object | null) => found !== null;

describe('the client, with a real HTTP process and a fleet', () => {
  let house: TestHouse;
  let dashboard: RunningDashboard;
  let client: Client;

  beforeAll(async () => {
    house = await openTestHouse({ HTTP_PORT: '0' });
    await house.runFleet();
    dashboard = await runDashboard(house.config, pino({ level: 'silent' }));
    client = await openClientOf('padaria');
  });
  afterAll(async () => {
    await dashboard.stop();
    await house.close();
  });

  async function openClientOf(
    companyId: string,
    { scopes = ['read', 'write', 'admin'] as const, ...options }: ClientGiven = {},
  ): Promise<Client> {
    const key = { companyId, scopes, label: 'test', expiresAt: null };
    const { token } = await house.wiring.keys.create(key, Date.now());
    return openClient({ url: dashboard.url, key: token, ...options });
  }

  const eventuallyStored = (conversationId: string, count: number) =>
    eventually(
      async () => (await client.findMessages({ conversationId, limit: 500 })).messages,
      (messages) => messages.length >= count,
    );

  it('P1: hands over a Message, and finds it in its page', async () => {
    const message = { ...aMessage('order 1/2 ?#ç%'), metadata: { channel: 'whatsapp' } };
    const { messageId } = await client.createMessage(message);
    const createdAt = `${DAY}T12:00:00.000Z`;
    const stored = { ...message, companyId: 'padaria', messageId, createdAt };

    expect(await eventuallyStored(message.conversationId, 1)).toEqual([stored]);
    const recent = await client.getRecentMessages(message.conversationId);
    expect(recent.messages).toEqual([stored]);
  });

  // Goes red when `pack` runs once for each attempt.
  it('P2: repeats what was answered too late, and it is stored once', async () => {
    let calls = 0;
    const losing: typeof fetch = async (...args) => {
      const response = await fetch(...args);
      if ((calls += 1) === 1) throw new TypeError('the answer was lost');
      return response;
    };
    const forgetful = await openClientOf('padaria', { fetch: losing });

    const { messageId } = await forgetful.createMessage(aMessage('lost'));
    await forgetful.createMessage({ ...aMessage('lost'), content: 'and the next' });

    const stored = await eventuallyStored('lost', 2);
    expect(calls).toBe(3);
    expect(stored).toHaveLength(2);
    expect(stored.filter((one) => one.messageId === messageId)).toHaveLength(1);
  });

  it('P4: hands over many, and goes through them in order, both ways', async () => {
    const messages = Array.from({ length: 1_201 }, (_, at) => ({
      ...aMessage('many', `T13:${digits(Math.floor(at / 60))}:${digits(at % 60)}Z`),
      clientId: 'bia',
      messageId: newMessageId(),
    }));
    const refused = { ...aMessage('many'), role: 'customer' as 'user', messageId: 'refused' };

    const receipts = await client.createMessages(messages.toSpliced(700, 0, refused));

    expect(receipts.filter(({ isAccepted }) => isAccepted)).toHaveLength(1_201);
    expect(receipts[700]).toMatchObject({
      isAccepted: false,
      error: { code: 'MESSAGE_INVALID', field: 'role', messageId: 'refused' },
    });
    const ids = messages.map(({ messageId }) => messageId);
    const query = { clientId: 'bia', from: `${DAY}T13:00:00Z`, to: new Date(`${DAY}T14:00:00Z`) };
    const newestFirst = await eventually(
      async () => idsOf(await all(client.eachMessage(query))),
      ({ length }) => length === 1_201,
    );
    expect(newestFirst).toEqual(ids.toReversed());

    const { before } = await client.findMessages({ conversationId: 'many', limit: 500 });
    const older = await client.findMessages({ conversationId: 'many', before: before ?? '' });
    const after = older.after ?? '';
    const rest = await all(client.eachMessage({ conversationId: 'many', after, limit: 100 }));
    expect(idsOf(rest)).toEqual(ids.slice(-500));
  });

  it('lists Conversations, and clears the cache', async () => {
    await client.createMessage(aMessage('listed'));
    await eventuallyStored('listed', 1);
    const { conversations } = await client.getConversations({ limit: 100 });
    expect(conversations).toContainEqual({
      conversationId: 'listed',
      clientId: 'ana',
      firstMessageAt: `${DAY}T12:00:00.000Z`,
      lastMessageAt: `${DAY}T12:00:00.000Z`,
      messageCount: 1,
    });
    await client.clearCache({ conversationId: 'listed' });
    await client.clearCache();
  });

  it('tells what a Conversation was about, what was said, and what recurs', async () => {
    await client.createMessage(aMessage('told'));
    await eventuallyStored('told', 1);

    const summary = await eventually(() => client.getSummary('told'), isThere);
    expect(summary).toMatchObject({ version: 1, messageCount: 1, isStale: false });
    await client.askForSummary('told');
    await eventually(
      () => client.getSummary('told'),
      (latest) => latest?.version === 2,
    );
    expect(await client.getSummary('told', { version: 1 })).toEqual(summary);

    const stats = await client.getStats({ days: 3, clientId: 'ana' });
    expect(stats).toMatchObject({ timeZone: 'UTC', buckets: [{}, {}, {}] });
    const patterns = await eventually(() => client.getPatterns({ days: 30 }), isThere);
    expect(patterns).toMatchObject({ timeZone: 'UTC', peakHours: null });
  });

  it('P7: shows nothing of another Company', async () => {
    await client.createMessage(aMessage('private'));
    await eventuallyStored('private', 1);
    const other = await openClientOf('livraria');

    const empty = { messages: [], before: null, after: null };
    expect(await other.getRecentMessages('private')).toEqual(empty);
    expect(await all(other.eachMessage())).toEqual([]);
    const foreign = { ...aMessage('private'), companyId: 'padaria' };
    await expect(other.createMessage(foreign)).rejects.toMatchObject({ status: 404 });
  });

  it('says what is wrong with the key, the cursor, the Message', async () => {
    const key = `cam_abcdefghijkl_${'x'.repeat(43)}`;
    const stranger = openClient({ url: dashboard.url, key });
    const unknown = stranger.createMessage(aMessage('c'));
    await expect(unknown).rejects.toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });

    const reader = await openClientOf('padaria', { scopes: ['read'] });
    const writing = reader.createMessage(aMessage('c'));
    await expect(writing).rejects.toMatchObject({ status: 403, code: 'FORBIDDEN' });

    const lost = client.findMessages({ before: 'nowhere' });
    await expect(lost).rejects.toMatchObject({ status: 400, code: 'CURSOR_INVALID' });

    const invalid = client.createMessage({ ...aMessage('c'), content: 1 as unknown as string });
    await expect(invalid).rejects.toMatchObject({
      status: 422,
      code: 'MESSAGE_INVALID',
      field: 'content',
      detail: 'content: must be a string',
      requestId: expect.stringMatching(/./),
    });
  });
});

interface ClientGiven {
  readonly scopes?: readonly ('read' | 'write' | 'admin')[];
  readonly fetch?: typeof fetch;
}

function aMessage(conversationId: string, time = 'T12:00:00Z'): OutgoingMessage {
  const content = 'Cadê o meu pedido? 📦';
  return { clientId: 'ana', conversationId, role: 'user', content, createdAt: DAY + time };
}

const digits = (number: number) => String(number).padStart(2, '0');
const idsOf = (messages: readonly Message[]) => messages.map(({ messageId }) => messageId);

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}
