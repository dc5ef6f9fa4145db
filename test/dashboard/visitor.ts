import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { expect } from 'vitest';
import { adminPages } from '../../dashboard/admin.ts';
import { openAdminSessions } from '../../dashboard/admin-session.ts';
import { createApp } from '../../dashboard/app.ts';
import { openKeyring } from '../../dashboard/keyring.ts';
import { type LockoutOptions, openLockout } from '../../dashboard/lockout.ts';
import { openRateLimit } from '../../dashboard/rate-limit.ts';
import { openReadiness } from '../../dashboard/readiness.ts';
import type { TestHouse } from '../house.ts';

export const PASSWORD = 'correct horse battery';

export type Visitor = ReturnType<typeof openVisitor>;

/** A browser as far as admin pages can tell: keeps one cookie, follows nothing, says where it is. */
export function openVisitor(url: string, about: Record<string, string> = {}) {
  let cookie = '';

  async function ask(method: string, path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { accept: 'text/html', ...(cookie && { cookie }), ...about };
    const response = await fetch(`${url}${path}`, {
      redirect: 'manual',
      signal: AbortSignal.timeout(15_000),
      ...init,
      method,
      headers: { ...headers, ...(init.headers as Record<string, string>) },
    });
    const [given] = response.headers.getSetCookie();
    if (given !== undefined) cookie = given.split(';')[0] ?? '';
    return response;
  }

  const post = (path: string, form: Record<string, string> = {}, headers = {}) =>
    ask('POST', path, {
      body: new URLSearchParams(form),
      headers: { 'sec-fetch-site': 'same-origin', ...headers },
    });

  return {
    ask,
    post,
    get: (path: string, headers = {}) => ask('GET', path, { headers }),
    logIn: (password = PASSWORD, next = '/queues') => post('/login', { password, next }),
    /** Whether the board lets this visitor in. */
    async isIn(): Promise<boolean> {
      const { status } = await ask('GET', '/queues');
      expect([200, 303]).toContain(status);
      return status === 200;
    },
    get cookie() {
      return cookie;
    },
    set cookie(given: string) {
      cookie = given;
    },
  };
}

/** The whole app as `run.ts` makes it, with another clock, or other bounds on tries. */
export async function openAppWith(
  house: TestHouse,
  given: { now?: () => number; lockout?: Partial<LockoutOptions>; trustedProxies?: number } = {},
) {
  const { wiring } = house;
  const { now = Date.now, lockout, trustedProxies = 1 } = given;
  const log = pino({ level: 'silent' });
  const app = createApp({
    deps: { ...wiring, createMessages: () => Promise.resolve([]), now, timeZone: 'UTC' },
    keyring: openKeyring({ ...wiring.keys, now }),
    rateLimit: openRateLimit({
      redis: wiring.volatile.connection,
      prefix: house.name,
      requestsPerSecondMax: 100,
    }),
    readiness: openReadiness({ ...wiring.ping, queueRedis: wiring.queue.inspector.ping }),
    admin: adminPages({
      password: PASSWORD,
      sessions: openAdminSessions({ store: wiring.admin.sessions, password: PASSWORD, now }),
      lockout: openLockout({ ...wiring.admin, ...lockout }),
      board: (_request, response) => void response.send('board'),
      log,
    }),
    observers: wiring.observers,
    metrics: (_request, response) => void response.send(''),
    log,
    trustedProxies,
  });
  const server = createServer(app);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}
