import { createHmac, randomBytes } from 'node:crypto';
import type { CookieOptions, Request, Response } from 'express';
import type { SessionStore } from '../queues/admin-sessions.ts';
import { queueUnreachable } from './problem.ts';

/**
 * The sessions of administrators: a random token in a cookie, and only its hash kept. The password is
 * the key of that hash, so another password ends all sessions that began with the old one.
 */
export interface AdminSessions {
  /** The session that came with a request, by its name in logs; null without one that counts. */
  find(request: Request): Promise<string | null>;
  /** Begins a new one, never one that the caller named, and ends the one the caller had. */
  begin(request: Request, response: Response): Promise<string>;
  end(request: Request, response: Response): Promise<void>;
}

/** However much it is used, a session ends so long after its beginning. */
export const SESSION_MS_MAX = 12 * 60 * 60_000;
const TOKEN_BYTES = 32;
const TOKEN = /^[\w-]{43}$/;
const NAME_LENGTH = 8;

export function openAdminSessions(options: {
  store: SessionStore;
  password: string;
  /** Milliseconds since 1970. */
  now(): number;
}): AdminSessions {
  const { store, password, now } = options;
  const idOf = (token: string) => createHmac('sha256', password).update(token).digest('base64url');

  function givenId(request: Request): string | null {
    const token = cookieOf(request);
    return token !== null && TOKEN.test(token) ? idOf(token) : null;
  }

  async function endGiven(request: Request): Promise<void> {
    const sessionId = givenId(request);
    if (sessionId !== null) await answered(store.end(sessionId));
  }

  return {
    async find(request) {
      const sessionId = givenId(request);
      if (sessionId === null) return null;
      const startedAt = await answered(store.touch(sessionId));
      if (startedAt === null || now() - startedAt >= SESSION_MS_MAX) return null;
      return nameOf(sessionId);
    },
    async begin(request, response) {
      const token = randomBytes(TOKEN_BYTES).toString('base64url');
      await answered(store.begin(idOf(token), now()));
      await endGiven(request);
      response.cookie(cookieName(request), token, cookieFlags(request));
      return nameOf(idOf(token));
    },
    async end(request, response) {
      await endGiven(request);
      response.clearCookie(cookieName(request), cookieFlags(request));
    },
  };
}

const nameOf = (sessionId: string) => sessionId.slice(0, NAME_LENGTH);

/** With `__Host-` browsers take it from this very host over TLS only, and from no subdomain. */
function cookieName({ secure }: Request): string {
  return secure ? '__Host-camadas_session' : 'camadas_session';
}

/** No age: it goes with the browser's window. */
function cookieFlags({ secure }: Request): CookieOptions {
  return { httpOnly: true, sameSite: 'strict', path: '/', secure };
}

function cookieOf(request: Request): string | null {
  const start = `${cookieName(request)}=`;
  const cookies = (request.headers.cookie ?? '').split(';').map((cookie) => cookie.trim());
  return cookies.find((cookie) => cookie.startsWith(start))?.slice(start.length) ?? null;
}

async function answered<Answer>(asking: Promise<Answer>): Promise<Answer> {
  try {
    return await asking;
  } catch (error) {
    throw queueUnreachable(error);
  }
}
