import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SESSION_MS_MAX } from '../../dashboard/admin-session.ts';
import { SESSION_IDLE_MS, SESSIONS_MAX } from '../../queues/admin-sessions.ts';
import { openTestHouse, type TestHouse } from '../house.ts';
import { openAppWith, openVisitor, PASSWORD } from './visitor.ts';

let house: TestHouse;
let url = '';
let neighbourUrl = '';

beforeAll(async () => {
  house = await openTestHouse();
  const open = (overrides = {}) =>
    house.openDashboard({ adminPassword: PASSWORD, trustedProxies: 1, ...overrides });
  [{ url }, { url: neighbourUrl }] = await Promise.all([open(), open()]);
});
afterAll(() => house.close());

const adminKeys = () => house.wiring.admin.redis.keys(`{${house.name}}:admin:*`);

/** Each test begins with no tries on record, and nobody logged in. */
beforeEach(async () => {
  const keys = await adminKeys();
  if (keys.length > 0) await house.wiring.admin.redis.del(...keys);
});

describe('the cookie', () => {
  const overTls = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'camadas.example' };

  it('is out of reach of scripts and other sites', async () => {
    const response = await openVisitor(url).logIn();

    expect(response.status).toBe(303);
    const [cookie = '', ...more] = response.headers.getSetCookie();
    expect(more).toEqual([]);
    expect(cookie).toMatch(/^camadas_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
  });

  it('is bound to this host and TLS where a trusted proxy ends TLS', async () => {
    const visitor = openVisitor(url, { ...overTls, origin: 'https://camadas.example' });

    const [cookie] = (await visitor.logIn()).headers.getSetCookie();

    expect(cookie).toMatch(
      /^__Host-camadas_session=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    );
    expect(await visitor.isIn()).toBe(true);
  });

  it('does not become secure because a caller without a trusted proxy says so', async () => {
    const direct = await house.openDashboard({ adminPassword: PASSWORD });

    const [cookie] = (await openVisitor(direct.url, overTls).logIn()).headers.getSetCookie();

    expect(cookie).toMatch(/^camadas_session=/);
    expect(cookie).not.toContain('Secure');
  });

  it('is kept nowhere, nor is the password', async () => {
    const visitor = openVisitor(url);
    await visitor.logIn();

    const token = visitor.cookie.split('=')[1] ?? '';
    const keys = await adminKeys();
    const { redis } = house.wiring.admin;
    const values = await Promise.all(keys.map((key) => redis.dump(key)));

    expect(keys.length).toBeGreaterThan(1);
    const kept = [...keys, ...values].join('\n');
    expect(kept).not.toContain(token);
    expect(kept).not.toContain(PASSWORD);
  });
});

describe('without a session', () => {
  it('sends people to the login, and afterwards where they wanted to go', async () => {
    const visitor = openVisitor(url);
    const sent = await visitor.get('/queues/queue/persist?status=failed');
    expect(sent.status).toBe(303);
    const location = sent.headers.get('location') ?? '';
    expect(location).toBe('/login?next=%2Fqueues%2Fqueue%2Fpersist%3Fstatus%3Dfailed');

    const form = await (await visitor.get(location)).text();
    const [, next = ''] = /name="next" value="([^"]*)"/.exec(form) ?? [];
    const welcome = await visitor.logIn(PASSWORD, next);

    expect(welcome.headers.get('location')).toBe('/queues/queue/persist?status=failed');
  });

  it.each(['/queues/api/queues', '/queues/static/js/main.js'])(
    'tells programs 401: %s',
    async (path) => {
      const response = await openVisitor(url).get(path, { accept: 'application/json' });
      expect(response.status).toBe(401);
      expect(response.headers.get('content-type')).toContain('application/problem+json');
      expect(await response.json()).toMatchObject({ code: 'UNAUTHENTICATED', status: 401 });
    },
  );

  it('takes a made-up cookie for none', async () => {
    const visitor = openVisitor(url);
    for (const value of ['A'.repeat(43), 'short', '', '../../x', 'a'.repeat(4_000)]) {
      visitor.cookie = `camadas_session=${value}`;
      expect(await visitor.isIn()).toBe(false);
    }
  });

  it('lets nothing of the admin side be kept by caches', async () => {
    const visitor = openVisitor(url);
    const answers = [
      await visitor.get('/'),
      await visitor.get('/login'),
      await visitor.get('/queues'),
    ];
    answers.push(await visitor.logIn('wrong'), await visitor.logIn(), await visitor.get('/queues'));
    answers.push(await visitor.get('/queues/api/queues'), await visitor.post('/logout'));

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 303, 401, 303, 200, 200, 303]);
    for (const { headers } of answers) expect(headers.get('cache-control')).toBe('no-store');
  });
});

describe('without ADMIN_PASSWORD', () => {
  it('closes all of it, and says how to open it', async () => {
    const visitor = openVisitor((await house.openDashboard()).url);
    for (const response of [
      await visitor.get('/login'),
      await visitor.get('/queues'),
      await visitor.logIn(''),
      await visitor.post('/login'),
    ]) {
      expect(response.status).toBe(503);
      expect(response.headers.getSetCookie()).toEqual([]);
      expect(await response.text()).toContain('set ADMIN_PASSWORD');
    }
    const problem = await visitor.get('/queues/api/queues', { accept: '*/*' });
    expect(problem.status).toBe(503);
    expect(await problem.json()).toMatchObject({ code: 'ADMIN_CLOSED' });
    expect((await visitor.get('/')).status).toBe(200);
  });
});

describe('a session', () => {
  it('counts in every process, and ends in every one at logout', async () => {
    const [visitor, next] = [openVisitor(url), openVisitor(neighbourUrl)];
    await visitor.logIn();
    next.cookie = visitor.cookie;
    const stolen = visitor.cookie;
    expect(await next.isIn()).toBe(true);

    const gone = await visitor.post('/logout');

    expect(gone.headers.getSetCookie()[0]).toMatch(/^camadas_session=; .*Expires=Thu, 01 Jan 1970/);
    expect(await next.isIn()).toBe(false);
    visitor.cookie = stolen;
    expect(await visitor.isIn()).toBe(false);
  });

  it('ends when the password changes', async () => {
    const visitor = openVisitor(url);
    await visitor.logIn();
    const changed = await house.openDashboard({ adminPassword: 'another password' });

    const there = openVisitor(changed.url);
    there.cookie = visitor.cookie;

    expect(await there.isIn()).toBe(false);
    expect(await visitor.isIn()).toBe(true);
  });

  it('ends twelve hours after its beginning, however much it is used', async () => {
    let time = Date.now();
    const app = await openAppWith(house, { now: () => time });
    const visitor = openVisitor(app.url);
    await visitor.logIn();

    time += SESSION_MS_MAX - 1;
    expect(await visitor.isIn()).toBe(true);
    time += 1;
    expect(await visitor.isIn()).toBe(false);
    await app.close();
  });

  it('ends an hour after it was last used', async () => {
    const visitor = openVisitor(url);
    await visitor.logIn();
    const { redis } = house.wiring.admin;
    const [key = ''] = await redis.keys(`{${house.name}}:admin:session:*`);
    expect(await redis.pttl(key)).toBeLessThanOrEqual(SESSION_IDLE_MS);

    await redis.pexpire(key, 60_000);
    expect(await visitor.isIn()).toBe(true);
    expect(await redis.pttl(key)).toBeGreaterThan(SESSION_IDLE_MS - 60_000);

    await redis.pexpire(key, 1);
    await expect.poll(() => redis.exists(key)).toBe(0);
    expect(await visitor.isIn()).toBe(false);
  });

  it('never is one that somebody else chose, and takes the place of the one before', async () => {
    const visitor = openVisitor(url);
    const planted = `camadas_session=${'P'.repeat(43)}`;
    visitor.cookie = planted;
    await visitor.logIn();
    const first = visitor.cookie;
    await visitor.logIn();
    const second = visitor.cookie;

    expect(new Set([planted, first, second]).size).toBe(3);
    for (const [cookie, isIn] of [
      [planted, false],
      [first, false],
      [second, true],
    ] as const) {
      visitor.cookie = cookie;
      expect(await visitor.isIn()).toBe(isIn);
    }
  });

  it('is one of a bounded number: one more ends the oldest', async () => {
    const { sessions: store } = house.wiring.admin;
    for (let nth = 0; nth <= SESSIONS_MAX; nth += 1) await store.begin(`session-${nth}`, nth);

    expect(await store.touch('session-0')).toBeNull();
    expect(await store.touch('session-1')).toBe(1);
    expect(await store.touch(`session-${SESSIONS_MAX}`)).toBe(SESSIONS_MAX);
    expect((await house.wiring.admin.redis.keys(`{${house.name}}:admin:session:*`)).length).toBe(
      SESSIONS_MAX,
    );
  });
});

const own = () => new URL(url).origin;
const port = () => new URL(url).port;

describe('changes from other sites', () => {
  const CHANGES = [
    ['POST', '/login'],
    ['POST', '/logout'],
    ['PUT', '/queues/api/queues/pause'],
    ['DELETE', '/queues'],
  ] as const;

  it.each([
    ['say nothing', () => ({})],
    ['a foreign Origin', () => ({ origin: 'https://evil.example' })],
    ['an opaque Origin', () => ({ origin: 'null' })],
    ['another port', () => ({ origin: `http://127.0.0.1:${Number(port()) + 1}` })],
    ['another scheme', () => ({ origin: own().replace('http:', 'https:') })],
    ['another name of this host', () => ({ origin: `http://localhost:${port()}` })],
    ['Sec-Fetch-Site cross-site', () => ({ 'sec-fetch-site': 'cross-site' })],
    ['a neighbour site', () => ({ 'sec-fetch-site': 'same-site' })],
    ['cross-site, with our Origin', () => ({ 'sec-fetch-site': 'cross-site', origin: own() })],
    ['no page at all', () => ({ 'sec-fetch-site': 'none', origin: own() })],
  ])('are refused: %s', async (_name, headersOf) => {
    const visitor = openVisitor(url);
    await visitor.logIn();
    const { cookie } = visitor;
    const stranger = openVisitor(url, { accept: '*/*' });
    stranger.cookie = cookie;
    for (const [method, path] of CHANGES) {
      const body = new URLSearchParams({ password: PASSWORD });
      const response = await stranger.ask(method, path, { headers: headersOf(), body });
      expect(response.status, `${method} ${path}`).toBe(403);
      expect(await response.json()).toMatchObject({ code: 'FORBIDDEN' });
      expect(response.headers.getSetCookie()).toEqual([]);
    }
    expect(await visitor.isIn()).toBe(true);
  });

  it.each([
    ['our Origin', () => ({ origin: own() })],
    ['Sec-Fetch-Site same-origin', () => ({ 'sec-fetch-site': 'same-origin' })],
  ])('are told from our own: %s', async (_name, headersOf) => {
    const body = new URLSearchParams({ password: PASSWORD });
    const response = await openVisitor(url).ask('POST', '/login', { body, headers: headersOf() });
    expect(response.status).toBe(303);
  });
});

describe('the way on after the login', () => {
  it.each([
    ['/queues', '/queues'],
    ['/queues/queue/persist?status=failed&page=2', '/queues/queue/persist?status=failed&page=2'],
    ['', '/'],
    ['queues', '/'],
    ['https://evil.example/', '/'],
    ['//evil.example/', '/'],
    ['//evil.example/queues', '/'],
    ['///evil.example/', '/'],
    ['/\\evil.example/', '/'],
    ['\\\\evil.example/', '/'],
    ['/\t/evil.example/', '/'],
    ['/.//evil.example/', '/'],
    ['/a/..//evil.example/', '/'],
    ['javascript:alert(1)', '/'],
    [' https://evil.example/', '/'],
    ['/queues\r\nset-cookie: a=b', '/queuesset-cookie:%20a=b'],
    ['/"><script>alert(1)</script>', '/%22%3E%3Cscript%3Ealert(1)%3C/script%3E'],
  ])('stays on this server: %j', async (next, expected) => {
    const visitor = openVisitor(url);
    const form = await (await visitor.get(`/login?next=${encodeURIComponent(next)}`)).text();
    expect(form).not.toContain('<script>');

    const response = await visitor.logIn(PASSWORD, next);
    expect(response.headers.get('location')).toBe(expected);

    const again = await visitor.get(`/login?next=${encodeURIComponent(next)}`);
    expect(again.headers.get('location')).toBe(expected);
  });
});

describe('the form', () => {
  it('says that the password was wrong, and keeps where to go', async () => {
    const visitor = openVisitor(url);
    const refused = await visitor.logIn('wrong', '/queues?a=1&b=2');
    expect(refused.status).toBe(401);
    expect(refused.headers.getSetCookie()).toEqual([]);
    const page = await refused.text();
    expect(page).toContain('role="alert"');
    expect(page).toContain('value="/queues?a=1&amp;b=2"');
    expect(page).not.toContain('wrong"');
    expect(await visitor.isIn()).toBe(false);
  });

  it.each([
    ['nothing', ''],
    ['two passwords', `password=${PASSWORD}&password=${PASSWORD}`],
    ['an object', `password[a]=${PASSWORD}`],
    ['almost the password', `password=${PASSWORD} `.replace(' ', '%20')],
  ])('takes no other for the password: %s', async (_name, body) => {
    const visitor = openVisitor(url);
    const response = await visitor.ask('POST', '/login', {
      body,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'sec-fetch-site': 'same-origin',
      },
    });
    expect(response.status).toBe(401);
  });

  it('reads no more than a form can hold', async () => {
    expect((await openVisitor(url).logIn('x'.repeat(5_000))).status).toBe(413);
  });
});
