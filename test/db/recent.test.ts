import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Message } from '../../domain/message.ts';
import type { Page } from '../../domain/page.ts';
import type { Wiring } from '../../wiring.ts';
import { aMessage, eventually, openTestHouse, type TestHouse } from '../house.ts';
import { openPrivateRedis, type PrivateRedis } from './cache/private-redis.ts';

const signal = AbortSignal.timeout(600_000);
const contents = (page: Page) => page.messages.map(({ content }) => content);
const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => `${from + at}`);

/** Messages `1` … `count`, one millisecond apart, three at each moment. */
function conversationOf(count: number, conversation: Partial<Message>): Message[] {
  return numbered(1, count).map((content, at) => {
    const createdAt = new Date(Date.UTC(2026, 2, 1) + Math.floor(at / 3)).toISOString();
    const messageId = `019c0000-0000-7000-8000-${content.padStart(12, '0')}`;
    return aMessage({ ...conversation, content, createdAt, messageId });
  });
}

describe('recent Messages', () => {
  let house: TestHouse;
  let wiring: Wiring;
  let neighbour: Wiring;
  beforeAll(async () => {
    house = await openTestHouse();
    ({ wiring } = house);
    neighbour = house.openNeighbour();
    await untilCached(neighbour, { companyId: 'probe', conversationId: 'probe' });
  });
  afterAll(() => house.close());

  it('P4: are the newest ones, and `before` continues without gap or repeat, at any limit', async () => {
    const conversation = { companyId: 'padaria', conversationId: 'long' };
    await wiring.deps.storeMessages(conversationOf(120, conversation), signal);

    for (const limit of [1, 2, 3, 49, 50, 51, 119, 120, 121, 500]) {
      const page = await wiring.getRecentMessages({ ...conversation, limit });
      expect(contents(page)).toEqual(numbered(Math.max(1, 121 - limit), 120));
      expect(page).toEqual(await wiring.findMessages({ ...conversation, limit }));
      if (page.before === null) continue;
      const older = { ...conversation, limit: 500, before: page.before };
      expect(contents(await wiring.findMessages(older))).toEqual(numbered(1, 120 - limit));
    }
  });

  it('of fewer than a page are all of them, with nothing before', async () => {
    for (const count of [1, 49, 50]) {
      const conversation = { companyId: 'clinica', conversationId: `of-${count}` };
      const messages = conversationOf(count, conversation).map((message, at) => ({
        ...message,
        messageId: `019c0000-0000-7000-8000-${String(count * 1_000 + at).padStart(12, '0')}`,
      }));
      await wiring.deps.storeMessages(messages, signal);
      const page = await wiring.getRecentMessages({ ...conversation, limit: 50 });
      expect(page).toEqual(await wiring.findMessages({ ...conversation, limit: 50 }));
      expect(page.before).toBeNull();
      expect(page.messages).toHaveLength(count);
    }
  });

  it('of a Conversation that nobody knows are none until the first one comes', async () => {
    const unknown = { companyId: 'ninguem', conversationId: 'nada' };
    const nothing = { messages: [], before: null, after: null };
    expect(await wiring.getRecentMessages({ ...unknown, limit: 50 })).toEqual(nothing);
    await wiring.deps.storeMessages([aMessage({ ...unknown, content: 'oi' })], signal);
    const page = await wiring.getRecentMessages({ ...unknown, limit: 50 });
    expect(contents(page)).toEqual(['oi']);
  });

  // Red when the writer raises no fence; when L1 answers without asking Redis.
  it('P5: stored by one process are in the next page and list of another, 50 times', async () => {
    const conversation = { companyId: 'escola', conversationId: 'turma' };
    for (const [at, message] of conversationOf(50, conversation).entries()) {
      await wiring.deps.storeMessages([message], signal);
      for (const reader of [neighbour, wiring]) {
        const page = await reader.getRecentMessages({ ...conversation, limit: 50 });
        expect(contents(page)).toEqual(numbered(1, at + 1));
        const [active] = await reader.getActiveConversations('escola');
        expect(active?.messageCount).toBe(at + 1);
      }
    }
  });

  // Red when `invalidate` deletes no page.
  it('are read anew in every process once their Conversation was invalidated', async () => {
    const one = { companyId: 'banco', conversationId: 'um' };
    const other = { companyId: 'banco', conversationId: 'outro' };
    await storeAndCache([one, other]);
    await changeBehindTheCache('banco');

    await wiring.invalidateConversationCache(one);
    for (const reader of [neighbour, wiring]) {
      expect(contents(await reader.getRecentMessages({ ...one, limit: 5 }))).toEqual(['mudou']);
      expect(await sourceOf(reader, other)).toBe('l1');
    }
  });

  // Red when pages are cached without the epoch of their Company.
  it('P7: are read anew in every process once their Company, and no other, was invalidated', async () => {
    const ours = ['a', 'b'].map((id) => ({ companyId: 'loja', conversationId: id }));
    const theirs = { companyId: 'loja:a', conversationId: 'b' };
    await storeAndCache([...ours, theirs]);
    await changeBehindTheCache('loja');

    await wiring.invalidateCompanyCache('loja');
    for (const reader of [neighbour, wiring]) {
      for (const own of ours) {
        expect(contents(await reader.getRecentMessages({ ...own, limit: 5 }))).toEqual(['mudou']);
      }
      expect(await sourceOf(reader, theirs)).toBe('l1');
    }
  });

  it('P7: of hostile identifiers are never those of another', async () => {
    const ids = ['a:b', 'a', 'b', '{x}', 'x', 'a}:{b', 'ã', 'a\u0303', '📦', '%3A', 'page:b:lease'];
    const conversations = ids.flatMap((companyId) =>
      ids.map((conversationId) => ({ companyId, conversationId })),
    );
    const messages = conversations.map((conversation) =>
      aMessage({ ...conversation, content: JSON.stringify(conversation) }),
    );
    await wiring.deps.storeMessages(messages, signal);
    for (const reader of [wiring, wiring, neighbour]) {
      const wanted = conversations.map((conversation) => ({ ...conversation, limit: 5 }));
      const pages = await Promise.all(wanted.map(reader.getRecentMessages));
      expect(pages.map(contents)).toEqual(messages.map(({ content }) => [content]));
    }
  });

  async function storeAndCache(conversations: { companyId: string; conversationId: string }[]) {
    await wiring.deps.storeMessages(
      conversations.map((one) => aMessage(one)),
      signal,
    );
    for (const reader of [wiring, neighbour]) {
      for (const one of conversations) await untilCached(reader, one);
    }
  }

  /** As a DBA would: nobody tells the cache. */
  async function changeBehindTheCache(companyId: string): Promise<void> {
    await house.db
      .updateTable('messages_hot')
      .set({ content: 'mudou' })
      .where('company_no', '=', (eb) =>
        eb.selectFrom('companies').select('company_no').where('company_id', '=', companyId),
      )
      .execute();
  }
});

describe('recent Messages when the cache has no Redis', () => {
  let redis: PrivateRedis;
  let house: TestHouse;
  beforeAll(async () => {
    redis = await openPrivateRedis();
    house = await openTestHouse({ CACHE_REDIS_URL: redis.url });
  });
  afterAll(async () => {
    await house.close();
    await redis.close();
  });

  it('P5: are stored and read on, while it is killed, started again, stopped and continued', async () => {
    const neighbour = house.openNeighbour();
    const conversation = { companyId: 'padaria', conversationId: 'pedido-1' };
    const messages = conversationOf(40, conversation);
    let stored = 0;

    await untilCached(neighbour, conversation);
    await talk('before');
    await redis.signal('SIGKILL');
    await talk('killed');
    await redis.restart();
    await talk('started again');
    await untilCached(neighbour, conversation);
    await talk('cached again');
    await redis.signal('SIGSTOP');
    await talk('stopped');
    await redis.signal('SIGCONT');
    await talk('continued');
    // Not this one: a fence whose `lift` got lost keeps it out for some seconds.
    await untilCached(neighbour, { ...conversation, conversationId: 'pedido-2' });
    await talk('cached once more');

    async function talk(when: string): Promise<void> {
      for (const message of messages.slice(stored, stored + 5)) {
        const storedMs = await msOf(() => house.wiring.deps.storeMessages([message], signal));
        stored += 1;
        for (const reader of [neighbour, house.wiring]) {
          let page: string[] = [];
          const readMs = await msOf(async () => {
            page = contents(await reader.getRecentMessages({ ...conversation, limit: 50 }));
          });
          expect({ when, page }).toEqual({ when, page: numbered(1, stored) });
          expect(Math.max(readMs, storedMs), when).toBeLessThan(1_500);
        }
      }
    }
  });
});

type ConversationName = { companyId: string; conversationId: string };

async function sourceOf(reader: Wiring, conversation: ConversationName): Promise<string> {
  return (await reader.readRecentBytes(conversation)).from;
}

async function untilCached(reader: Wiring, conversation: ConversationName): Promise<void> {
  await eventually(
    () => sourceOf(reader, conversation),
    (from) => from === 'l1',
  );
}

async function msOf(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
