import { describe, expect, it } from 'vitest';
import { openClient } from '../../client/http.ts';
import { answer, KEY, openPeer, problem } from './peer.ts';

const EMPTY = { messages: [], before: null, after: null };
const page = answer(200, { messages: [], before: null, after: 'a' });

describe('reading', () => {
  it('asks for a page of a Conversation, of a Client, of all', async () => {
    const { url, heard } = await openPeer(page);
    const client = openClient({ url, key: KEY });
    const from = new Date('2026-03-01T12:00:00Z');

    await client.findMessages({ conversationId: 'a/b ?#ç%', limit: 5, before: 'x_-' });
    await client.findMessages({ clientId: 'ana & eva', from, to: '2026-03-02T00:00:00+03:00' });
    const found = await client.findMessages();

    expect(found).toEqual({ messages: [], before: null, after: 'a' });
    expect(heard.map(({ address }) => address)).toEqual([
      '/messages/conversations/a%2Fb%20%3F%23%C3%A7%25/messages?limit=5&before=x_-',
      '/messages?clientId=ana+%26+eva&from=2026-03-01T12%3A00%3A00.000Z&to=2026-03-02T00%3A00%3A00%2B03%3A00',
      '/messages',
    ]);
  });

  it('asks for recent Messages, Conversations, and an empty cache', async () => {
    const none = answer(200, { conversations: [], before: null });
    const { url, heard } = await openPeer(page, none, (response) => response.writeHead(204).end());
    const client = openClient({ url, key: KEY });

    await client.getRecentMessages('c', { limit: 3 });
    await client.getConversations({ active: true, limit: 2, before: 'b' });
    await client.clearCache({ conversationId: 'c' });

    expect(heard.map(({ method, address }) => `${method} ${address}`)).toEqual([
      'GET /messages/conversations/c/messages?limit=3',
      'GET /messages/conversations?active=true&limit=2&before=b',
      'DELETE /messages/cache?conversationId=c',
    ]);
  });

  it('asks for Summaries, statistics and patterns', async () => {
    const { url, heard } = await openPeer(
      answer(200, { summary: 'a', isStale: true }),
      answer(202, { status: 'queued' }),
      answer(202, { status: 'queued' }),
      answer(200, { buckets: [] }),
      answer(200, { buckets: [1] }),
      answer(200, { foundAt: 'now' }),
      answer(202, { status: 'queued' }),
    );
    const client = openClient({ url, key: KEY });

    expect(await client.getSummary('a/b', { version: 2 })).toEqual({ summary: 'a', isStale: true });
    expect(await client.getSummary('c')).toBeNull();
    await client.askForSummary('c');
    expect(await client.getStats()).toEqual({ buckets: [] });
    const ofOne = {
      days: 3,
      timeZone: 'America/Sao_Paulo',
      by: 'hour',
      clientId: 'ana & eva',
    } as const;
    expect(await client.getStats(ofOne)).toEqual({ buckets: [1] });
    expect(await client.getPatterns({ days: 90 })).toEqual({ foundAt: 'now' });
    expect(await client.getPatterns()).toBeNull();

    expect(heard.map(({ method, address }) => `${method} ${address}`)).toEqual([
      'GET /messages/conversations/a%2Fb/summary?version=2',
      'GET /messages/conversations/c/summary',
      'POST /messages/conversations/c/summary',
      'GET /messages/stats',
      'GET /messages/clients/ana%20%26%20eva/stats?days=3&timeZone=America%2FSao_Paulo&by=hour',
      'GET /messages/patterns?days=90',
      'GET /messages/patterns',
    ]);
  });

  it('finds nothing said of what is not there', async () => {
    const { url } = await openPeer(problem(404, 'NOT_FOUND'), problem(404, 'NOT_FOUND'));
    const client = openClient({ url, key: KEY });
    expect(await client.getSummary('c')).toBeNull();
    expect(await client.getPatterns()).toBeNull();
  });

  it('finds an empty page where nobody has spoken, but not behind a wrong url', async () => {
    const nothing = await openPeer(problem(404, 'NOT_FOUND'));
    const client = openClient({ url: nothing.url, key: KEY });
    await expect(client.getRecentMessages('c')).resolves.toEqual(EMPTY);
    const after = await client.findMessages({ conversationId: 'c', after: 'x' });
    expect(after).toEqual({ ...EMPTY, after: 'x' });

    const elsewhere = await openPeer(answer(404, 'Cannot GET'));
    const lost = openClient({ url: elsewhere.url, key: KEY }).getRecentMessages('c');
    await expect(lost).rejects.toMatchObject({ code: 'HTTP_404', status: 404 });
  });

  it.each(['', '.', '..', 'half \ud83d'])('refuses %j, which no URL can hold', async (id) => {
    const { url, heard } = await openPeer(page);
    const call = openClient({ url, key: KEY }).getRecentMessages(id);
    await expect(call).rejects.toMatchObject({ code: 'REQUEST_INVALID', field: 'conversationId' });
    const ofClient = async () => openClient({ url, key: KEY }).getStats({ clientId: id });
    await expect(ofClient()).rejects.toMatchObject({ code: 'REQUEST_INVALID', field: 'clientId' });
    expect(heard).toEqual([]);
  });

  it('goes through all pages, the newest Message first', async () => {
    const { url, heard } = await openPeer(
      answer(200, { messages: ['4', '5'], before: 'b4', after: 'a5' }),
      answer(200, { messages: ['3'], before: null, after: 'a3' }),
    );

    const found = await all(openClient({ url, key: KEY }).eachMessage({ limit: 2 }));

    expect(found).toEqual(['5', '4', '3']);
    expect(heard.map(({ address }) => address)).toEqual([
      '/messages?limit=2',
      '/messages?limit=2&before=b4',
    ]);
  });

  it('goes on from a cursor to the last Message there is', async () => {
    const { url, heard } = await openPeer(
      answer(200, { messages: ['1', '2'], before: 'b1', after: 'a2' }),
      answer(200, { messages: ['3'], before: 'b3', after: 'a3' }),
      answer(200, { messages: [], before: null, after: 'a3' }),
    );

    const each = openClient({ url, key: KEY }).eachMessage({ clientId: 'ana', after: 'a0' });

    expect(await all(each)).toEqual(['1', '2', '3']);
    expect(heard.map(({ address }) => address.slice(-9))).toEqual(
      ['after=a0', 'after=a2', 'after=a3'].map((query) => `&${query}`),
    );
  });
});

describe('openClient', () => {
  it.each(['camadas.example', 'ftp://camadas.example', 'http://maya:secret@camadas.example'])(
    'refuses the url %s, without repeating it',
    (url) => {
      const open = () => openClient({ url, key: KEY });
      expect(open).toThrow(/^url: must be http:/);
      expect(open).not.toThrow('camadas.example');
    },
  );

  it.each(['', 'two words', 'ação'])('refuses the key %j', (key) => {
    expect(() => openClient({ url: 'http://camadas.example', key })).toThrow(/^key: must be/);
  });

  it('takes another fetch', async () => {
    const { url } = await openPeer(page);
    const asked: unknown[] = [];
    const counting: typeof fetch = (...args) => {
      asked.push(args[0]);
      return fetch(...args);
    };
    await openClient({ url, key: KEY, fetch: counting }).findMessages();
    expect(asked).toEqual([new URL('/messages', url)]);
  });
});

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}
