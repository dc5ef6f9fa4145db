import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Route } from '../../dashboard/route.ts';
import { routes } from '../../dashboard/routes.ts';
import { type Scope, SCOPES } from '../../domain/api-key.ts';
import { summarizeConversation } from '../../workers/summarize.ts';
import { aMessage, eventually, openTestHouse } from '../house.ts';
import { type Answer, type Caller, codeOf, openCaller, said } from './caller.ts';
import { idOf, messagesOf, ofCompany, pathsOf, questionOf } from './questions.ts';
import { headOf, openRawConnection } from './raw-connection.ts';

/** Two Companies; whatever is one's alone has its name in it: texts, metadata, ids. */
const OWN = 'padaria';
const FOREIGN = 'secreta';
/** Nobody has anything with this name in it. */
const ABSENT = 'ninguem';
const OWNERS = [OWN, FOREIGN, ABSENT, 'shared'];

const CREDENTIALS = {
  missing: () => undefined,
  empty: () => '',
  'of another scheme': () => 'Basic cGFkYXJpYTpwYWRhcmlh',
  malformed: () => 'Bearer cam_short',
  'that never was': () => `Bearer cam_${'0'.repeat(12)}_${'A'.repeat(43)}`,
  'with a wrong secret': () => `Bearer ${house.own.all.slice(0, 17)}${'A'.repeat(43)}`,
  'that was revoked': () => `Bearer ${house.revoked}`,
  'that has expired': () => `Bearer ${house.expired}`,
} satisfies Record<string, () => string | undefined>;

let house: Awaited<ReturnType<typeof openHouseOfTwo>>;
beforeAll(async () => void (house = await openHouseOfTwo()));
afterAll(() => house?.close());

/** They show no ids: that their numbers are the Company's own, `stats.test.ts` sees to. */
const NUMBERS_ONLY = ['stats', 'clientStats', 'patterns'];

describe.each(routes.map((route) => [route.name, route] as const))('%s', (_, route) => {
  const otherScopes = SCOPES.filter((scope) => scope !== route.scope);

  // Red without the fault of a key in `admit`, or with `readBody` before the guard.
  it.each(Object.entries(CREDENTIALS))('P7: with a key %s: 401', async (_kind, credential) => {
    const authorization = credential();
    const caller = house.callerWith();
    for (const path of questionsAbout(route, OWNERS)) {
      const { method = 'GET', ...more } = questionOf(route, OWN);
      const headers = { ...more.headers, ...(authorization !== undefined && { authorization }) };
      const answer = await caller.ask(path, { ...more, method, headers });
      expect([path, answer.status, codeOf(answer)]).toEqual([path, 401, 'UNAUTHENTICATED']);
    }
  });

  // Red without the Company in `admit`; when it looks at scopes first; when it says what it found.
  it.each(SCOPES)('P7: to a key that may %s, another Company is as none', async (scope) => {
    const caller = house.callerWith(house.own[scope]);
    for (const path of OWNERS.flatMap((owner) => pathsOf(route, owner))) {
      const foreign = await caller.ask(ofCompany(path, FOREIGN), questionOf(route, OWN));
      const absent = await caller.ask(ofCompany(path, ABSENT), questionOf(route, OWN));
      expect([path, foreign.status]).toEqual([path, 404]);
      expect(said(foreign)).toEqual(said(absent));
    }
  });

  // Red without the scope in `admit`.
  it.each(otherScopes)('P7: a key that may only %s may not do this', async (scope) => {
    const caller = house.callerWith(house.own[scope]);
    for (const path of OWNERS.flatMap((owner) => pathsOf(route, owner))) {
      const answer = await caller.ask(path, questionOf(route, OWN));
      expect([path, answer.status, codeOf(answer)]).toEqual([path, 403, 'FORBIDDEN']);
    }
  });

  // Red without the Company in a key of the cache or in a query of messages.
  it('P7: shows nothing of another Company, from no cache, at no cursor', async () => {
    const [own, foreign] = [house.callerWith(house.own.all), house.callerWith(house.foreign.all)];
    let shows = false;
    for (const path of OWNERS.flatMap((owner) => pathsOf(route, owner))) {
      // The other one first: if a cache mixed them up, it would hold the other one's.
      const theirs = [await askTwice(foreign, route, path), await askTwice(own, route, path)];
      const [their = [], our = []] = theirs;
      for (const cursor of cursorsIn(their)) our.push(await own.get(`${path}&${cursor}`));
      expect(our.filter(({ text }) => text.includes(FOREIGN))).toEqual([]);
      expect(their.filter(({ text }) => text.includes(OWN))).toEqual([]);
      shows ||= our.some(({ text }) => text.includes(OWN));
    }
    // Pages were seen, not only refusals.
    expect(shows).toBe(route.method === 'get' && !NUMBERS_ONLY.includes(route.name));
  });

  // Red when ids of others are told from those of nobody, in status or words.
  it("P7: asked about another Company's ids, answers as about nobody's", async () => {
    const caller = house.callerWith(house.own.all);
    const absent = pathsOf(route, ABSENT);
    for (const [at, path] of pathsOf(route, FOREIGN).entries()) {
      const theirs = await caller.ask(path, questionOf(route, FOREIGN));
      const nobodys = await caller.ask(absent[at] ?? '', questionOf(route, ABSENT));
      expect([path, theirs.status, shown(theirs)]).toEqual([path, nobodys.status, shown(nobodys)]);
    }
  });
});

describe('what comes before a key was found good', () => {
  const withBody = routes.filter(({ body }) => body);

  // Red with `readBody` before the guard.
  it.each(withBody.map((route) => [route.name, route] as const))(
    'P7, P8: %s reads no body of whoever may not send one',
    async (_, route) => {
      const refusals = [
        [401, house.revoked, ''],
        [403, house.own.read, ''],
        [404, house.own.all, `?companyId=${FOREIGN}`],
      ] as const;
      for (const [status, token, query] of refusals) {
        const connection = await openRawConnection(house.url);
        const fields = { 'content-type': 'application/json', 'content-length': '100' };
        const path = `${route.path}${query}`;
        const all = { ...fields, authorization: `Bearer ${token}` };
        connection.send(headOf(route.method.toUpperCase(), path, all)); // And no body, ever.
        const text = await eventually(
          async () => connection.received(),
          (received) => received.includes('\r\n\r\n'),
          3_000,
        );
        connection.close();
        expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      }
    },
  );

  it('P7: pages for everybody show nothing of anybody', async () => {
    const caller = house.callerWith();
    for (const path of ['/healthz', '/readyz', '/openapi.json', '/docs', '/nowhere']) {
      const { text } = await caller.get(path);
      expect([path, text.includes(OWN), text.includes(FOREIGN)]).toEqual([path, false, false]);
    }
  });
});

describe('a validator', () => {
  const readable = routes.filter(({ method }) => method === 'get');

  // Red without the Company in the cache's keys: both then have the same page.
  it.each(readable.map((route) => [route.name, route] as const))(
    'P7: of another Company tells nothing: %s',
    async (_, route) => {
      const [own, foreign] = [house.callerWith(house.own.all), house.callerWith(house.foreign.all)];
      for (const path of OWNERS.flatMap((owner) => pathsOf(route, owner))) {
        const mine = await own.get(path);
        const theirs = await foreign.get(path);
        if (mine.text === theirs.text) continue; // Two empty pages are equal, and so is their name.
        const { etag: validator = 'W/"none"' } = theirs.headers;
        const answer = await own.get(path, { 'if-none-match': validator });
        expect([path, answer.status, shown(answer)]).toEqual([path, mine.status, shown(mine)]);
      }
    },
  );
});

describe('clearing the cache', () => {
  // Red when `invalidateCompany` voids the epoch of all.
  it("P7: leaves another Company's pages where they are", async () => {
    const page = { companyId: FOREIGN, conversationId: idOf('conversationId', 'shared') };
    const reader = house.openNeighbour();
    await eventually(
      () => reader.readRecentBytes(page),
      ({ from }) => from !== 'load',
    );
    const caller = house.callerWith(house.own.all);
    for (const query of ['', `?conversationId=${page.conversationId}`]) {
      expect(await caller.delete(`/messages/cache${query}`)).toMatchObject({ status: 204 });
      expect((await reader.readRecentBytes(page)).from).toBe('l1');
    }
  });
});

describe('a message', () => {
  // Last, and not before: what was handed over until now would be stored among what is read above.
  beforeAll(async () => void (await house.runFleet()));

  // Red when `handOver` leaves a Message's own companyId as it came.
  it('P7: for another Company is refused as one for none', async () => {
    const caller = house.callerWith(house.own.all);
    const [foreign, absent] = [
      await caller.post(aboutOrder(FOREIGN)),
      await caller.post(aboutOrder(ABSENT)),
    ];
    expect(foreign.status).toBe(404);
    expect(said(foreign)).toEqual(said(absent));

    const some = await caller.post([aboutOrder(FOREIGN), aboutOrder(ABSENT), aboutOrder(OWN)]);
    const [first, second, third] = said(some)['verdicts'] as object[];
    expect(some.status).toBe(207);
    expect(first).toEqual(second);
    expect(third).toMatchObject({ isAccepted: true });
  });

  // Red when `messages_hot_once` leads with the id alone.
  it("P7: may bear an id of another Company's message, and is stored beside it", async () => {
    const caller = house.callerWith(house.own.all);
    const messageId = `${idOf('messageId', FOREIGN)}-1`;
    const message = { ...aboutOrder(OWN), messageId, conversationId: 'same-id', content: 'ours' };
    expect(await caller.post(message)).toMatchObject({ status: 202 });

    const path = '/messages/conversations/same-id/messages';
    const { text } = await eventually(
      () => caller.get(path),
      ({ status }) => status === 200,
    );
    expect(JSON.parse(text)).toMatchObject({ messages: [{ messageId, content: 'ours' }] });
    const theirs = await house.callerWith(house.foreign.all).get('/messages');
    expect(theirs.text).toContain(`said to ${FOREIGN}, 1`);
  });
});

const aboutOrder = (companyId: string) => aMessage({ companyId });

async function openHouseOfTwo() {
  const two = await openTestHouse({ REQUESTS_PER_SECOND_MAX: '100000' });
  const { wiring } = two;
  const messages = [OWN, FOREIGN].flatMap((companyId) => messagesOf(companyId));
  const signal = AbortSignal.timeout(20_000);
  await wiring.deps.storeMessages(messages, signal);
  for (const { companyId, conversationId } of messages) {
    await summarizeConversation({ companyId, conversationId }, wiring.deps, signal);
  }
  const { url } = await two.openDashboard();
  const callers: Caller[] = [];

  async function makeKey(companyId: string, scopes: readonly Scope[], expiresAt: string | null) {
    return wiring.keys.create({ companyId, scopes, label: '', expiresAt }, Date.now());
  }
  async function makeKeys(companyId: string) {
    const [read, write, admin, all] = await Promise.all(
      [['read'], ['write'], ['admin'], SCOPES].map(async (scopes) => {
        return (await makeKey(companyId, scopes as Scope[], null)).token;
      }),
    );
    return { read, write, admin, all } as Record<Scope | 'all', string>;
  }
  const revoked = await makeKey(OWN, SCOPES, null);
  await wiring.keys.revoke(revoked.key.keyId, Date.now());
  const expired = await makeKey(OWN, SCOPES, '2026-01-01T00:00:00.000Z');

  return {
    ...two,
    url,
    own: await makeKeys(OWN),
    foreign: await makeKeys(FOREIGN),
    revoked: revoked.token,
    expired: expired.token,
    callerWith(token?: string): Caller {
      const caller = openCaller(url, token);
      callers.push(caller);
      return caller;
    },
    async close() {
      for (const caller of callers) caller.close();
      await two.close();
    },
  };
}

function questionsAbout(route: Route, owners: readonly string[]): string[] {
  const paths = owners.flatMap((owner) => pathsOf(route, owner));
  return [...paths, ...[OWN, FOREIGN, ABSENT].map((name) => ofCompany(paths[0] ?? '', name))];
}

async function askTwice(caller: Caller, route: Route, path: string): Promise<Answer[]> {
  const question = questionOf(route, 'shared');
  return [await caller.ask(path, question), await caller.ask(path, question)];
}

/** What a page of theirs offers for going on. */
function cursorsIn(answers: readonly Answer[]): string[] {
  const found = answers.flatMap(({ status, text }) => {
    if (status !== 200) return [];
    const { before, after } = JSON.parse(text) as { before?: string | null; after?: string | null };
    return [before && `before=${before}`, after && `after=${after}`];
  });
  return found.filter((cursor): cursor is string => Boolean(cursor));
}

/** All that is said, but for ids that are new each time. */
function shown(answer: Answer): unknown {
  if (answer.text === '') return '';
  const { messageId, ...rest } = said(answer);
  void messageId;
  return rest;
}
