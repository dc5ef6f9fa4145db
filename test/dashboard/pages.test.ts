import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConversationPage } from '../../domain/conversation.ts';
import type { Message } from '../../domain/message.ts';
import type { Page } from '../../domain/page.ts';
import { aMessage, eventually } from '../house.ts';
import { type Answer, codeOf, unpacked } from './caller.ts';
import { COMPANY, type HttpHouse, openHttpHouse } from './open-http-house.ts';

const signal = AbortSignal.timeout(600_000);
const MESSAGES = 230;
const PATH = '/messages/conversations/longa/messages';

let house: HttpHouse;
beforeAll(async () => {
  house = await openHttpHouse();
  await store(Array.from({ length: MESSAGES }, (_, nth) => said(nth)));
});
afterAll(() => house?.close());

const store = (messages: readonly Message[]) => house.wiring.deps.storeMessages(messages, signal);

/** Three at each moment, so that pages end within one. */
function said(nth: number): Message {
  const createdAt = new Date(Date.UTC(2026, 2, 1) + Math.floor(nth / 3)).toISOString();
  return aMessage({ conversationId: 'longa', clientId: 'bia', content: `${nth}`, createdAt });
}

const pageOf = ({ text }: Answer) => JSON.parse(text) as Page;
const contentsOf = (page: Page) => page.messages.map(({ content }) => content);

async function read(query: string): Promise<Page> {
  const answer = await house.caller.get(query);
  expect(answer.status).toBe(200);
  return pageOf(answer);
}

describe.each([
  ['a conversation', `${PATH}?`],
  ['a client', '/messages?clientId=bia&'],
  ['a company', '/messages?'],
])('pages of %s', (_, path) => {
  // Red with `<=` for `<` in `pageQuery`.
  it.each([7, 50, 230])('P4: of %i, backwards: every message once', async (limit) => {
    const seen: string[] = [];
    for (let before: string | null = ''; before !== null;) {
      const page: Page = await read(`${path}limit=${limit}${before && `&before=${before}`}`);
      expect(page.messages.length).toBeLessThanOrEqual(limit);
      seen.unshift(...contentsOf(page));
      ({ before } = page);
    }
    expect(new Set(seen)).toEqual(
      new Set(Array.from({ length: MESSAGES }, (_at, nth) => `${nth}`)),
    );
    expect(seen).toHaveLength(MESSAGES);
  });
});

describe('a walk forward', () => {
  it('P4: gives every message once, those that come meanwhile too', async () => {
    const conversation = { conversationId: 'viva', clientId: 'rui' };
    const at = (nth: number) => {
      return aMessage({
        ...conversation,
        content: `${nth}`,
        createdAt: `2026-03-02T00:00:${10 + nth}.000Z`,
      });
    };
    await store([0, 1, 2].map(at));
    const path = '/messages/conversations/viva/messages?limit=2';
    const newest = await read(path);
    let after = (await read(`${path}&before=${newest.before}`)).after;
    const seen = ['0'];
    for (let nth = 3; nth < 9; nth += 1) {
      await store([at(nth)]);
      const page = await read(`${path}&after=${after}`);
      seen.push(...contentsOf(page));
      ({ after } = page);
    }
    for (let page = await read(`${path}&after=${after}`); page.messages.length > 0;) {
      seen.push(...contentsOf(page));
      page = await read(`${path}&after=${page.after}`);
    }
    expect(seen).toEqual(Array.from({ length: 9 }, (_, nth) => `${nth}`));
  });
});

describe('a page', () => {
  it('holds the 50 newest without a limit, and keeps to one between 1 and 500', async () => {
    expect((await read(PATH)).messages).toHaveLength(50);
    expect(await read(`${PATH}?limit=50`)).toEqual(await read(PATH));
    expect((await read(`${PATH}?limit=500`)).messages).toHaveLength(MESSAGES);
    for (const limit of ['0', '501', '-1', '1.5', 'x', '']) {
      const answer = await house.caller.get(`${PATH}?limit=${limit}`);
      expect([limit, answer.status, codeOf(answer)]).toEqual([limit, 400, 'REQUEST_INVALID']);
    }
  });

  it('keeps to `from`, included, and `to`, not', async () => {
    const [from, to] = ['2026-03-01T00:00:00.001Z', '2026-03-01T01:00:00.003%2B01:00'];
    expect(contentsOf(await read(`${PATH}?from=${from}&to=${to}`)).toSorted()).toEqual(
      '345678'.split(''),
    );
    expect(await read(`${PATH}?to=2026-03-01T00:00:00Z`)).toMatchObject({ messages: [] });
    expect(await house.caller.get(`${PATH}?from=2026-02-30T00:00:00Z`)).toMatchObject({
      status: 400,
    });
  });

  it('goes either way from a cursor of ours, and no other', async () => {
    const { before } = await read(PATH);
    const both = await house.caller.get(`${PATH}?before=${before}&after=${before}`);
    expect([both.status, codeOf(both)]).toEqual([400, 'REQUEST_INVALID']);
    const foreign = await house.caller.get(`${PATH}?before=abc`);
    expect([foreign.status, codeOf(foreign)]).toEqual([400, 'CURSOR_INVALID']);
  });

  it('of a conversation that nobody spoke in is not there', async () => {
    expect(await house.caller.get('/messages/conversations/muda/messages')).toMatchObject({
      status: 404,
    });
    expect(await house.caller.get('/messages/conversations/muda/messages?limit=2')).toMatchObject({
      status: 404,
    });
  });

  // Red when the route parses what the cache gave and writes it anew.
  it('goes out as the very bytes that the cache holds', async () => {
    const name = { companyId: COMPANY, conversationId: 'longa' };
    const answer = await house.caller.get(PATH);
    const { bytes } = await eventually(
      () => house.wiring.readRecentBytes(name),
      ({ from }) => from !== 'load',
    );
    expect(answer.bytes.equals(bytes)).toBe(true);
  });

  it.each(['gzip', 'br', 'deflate'])('packed with %s is the same', async (encoding) => {
    const plain = await house.caller.get(PATH);
    const packed = await house.caller.get(PATH, { 'accept-encoding': encoding });
    expect(packed.headers['content-encoding']).toBe(encoding);
    expect(packed.headers['vary']?.toLowerCase()).toContain('accept-encoding');
    expect(packed.bytes.length).toBeLessThan(plain.bytes.length / 2);
    expect(unpacked(packed).equals(plain.bytes)).toBe(true);
    expect(packed.headers['etag']).toBe(plain.headers['etag']);
  });

  // Red when the fence of a writer, or the check of an entry in L1, is left out.
  it('P5: holds what was committed before it was asked for; its validator changes with it', async () => {
    const path = '/messages/conversations/fresca/messages';
    const neighbour = house.callerWith(await house.tokenFor(), (await house.openDashboard()).url);
    let validator = '';
    for (let nth = 0; nth < 10; nth += 1) {
      const content = `fresh ${nth}`;
      await store([
        aMessage({ conversationId: 'fresca', content, createdAt: `2026-03-01T00:00:1${nth}.000Z` }),
      ]);
      for (const caller of [house.caller, neighbour]) {
        const answer = await caller.get(path, { 'if-none-match': validator || 'W/"x"' });
        expect([answer.status, contentsOf(pageOf(answer)).at(-1)]).toEqual([200, content]);
      }
      validator = (await house.caller.get(path)).headers['etag'] ?? '';
      expect(await neighbour.get(path, { 'if-none-match': `W/"y", ${validator}` })).toMatchObject({
        status: 304,
        text: '',
      });
    }
  });
});

const idsIn = ({ text }: Answer) =>
  (JSON.parse(text) as ConversationPage).conversations.map(({ conversationId }) => conversationId);

describe('the list of conversations', () => {
  const LIST = '/messages/conversations';
  it('gives each once, the one that spoke last first', async () => {
    const days = Array.from({ length: 7 }, (_, nth) => `lista-${nth}`);
    await store(
      days.map((conversationId, nth) =>
        aMessage({ conversationId, createdAt: `2026-04-0${nth + 1}T00:00:00.000Z` }),
      ),
    );
    const seen: string[] = [];
    for (let before: string | null = ''; before !== null;) {
      const answer: Answer = await house.caller.get(
        `${LIST}?limit=2${before && `&before=${before}`}`,
      );
      seen.push(...idsIn(answer));
      ({ before } = JSON.parse(answer.text) as ConversationPage);
    }
    expect(seen.slice(0, 7)).toEqual(days.toReversed());
    expect(new Set(seen).size).toBe(seen.length);
    expect(idsIn(await house.caller.get(LIST))).toEqual(seen);
  });

  it('active: only those of the last day', async () => {
    expect(idsIn(await house.caller.get(`${LIST}?active=true`))).toEqual([]);
    await store([aMessage({ conversationId: 'agora', createdAt: new Date().toISOString() })]);
    expect(idsIn(await house.caller.get(`${LIST}?active=true`))).toEqual(['agora']);
    expect(idsIn(await house.caller.get(LIST))[0]).toBe('agora');
    expect(await house.caller.get(`${LIST}?active=yes`)).toMatchObject({ status: 400 });
  });
});
