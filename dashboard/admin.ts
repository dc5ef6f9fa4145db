import { hash, timingSafeEqual } from 'node:crypto';
import {
  type ErrorRequestHandler,
  type Request,
  type RequestHandler,
  Router,
  urlencoded,
} from 'express';
import type { Logger } from 'pino';
import { faultPage, loginPage, lookOfPages, startPage } from './admin-pages.ts';
import type { AdminSessions } from './admin-session.ts';
import type { Lockout } from './lockout.ts';
import { ownPath } from './own-path.ts';
import { RequestFault, toProblem } from './problem.ts';
import { sameOriginOnly } from './same-origin.ts';

export interface AdminParts {
  /** Null: nobody can log in, and all that needs it is closed. */
  readonly password: string | null;
  readonly sessions: AdminSessions;
  readonly lockout: Lockout;
  /** Bull Board; told in `response.locals.session` who asks. */
  readonly board: RequestHandler;
  readonly log: Logger;
}

const FORM_BYTES_MAX = 4 * 1024;

/** What is for people: the start page, and behind a login whatever shows what is going on inside. */
export function adminPages(parts: AdminParts): Router {
  const router = Router();
  router.use(lookOfPages());
  router.use(['/login', '/logout', '/queues'], sameOriginOnly);
  router.get('/', pageHeaders, showStart(parts));
  router.use(['/login', '/logout'], pageHeaders, openOnly(parts));
  router.get('/login', showLogin(parts));
  router.post('/login', urlencoded({ extended: false, limit: FORM_BYTES_MAX }), logIn(parts));
  router.post('/logout', logOut(parts));
  router.use('/queues', pageHeaders, loggedInOnly(parts), parts.board);
  router.use(sendFault);
  return router;
}

/** Shown to everybody, also when nobody can tell who it is. */
function showStart({ sessions, password }: AdminParts): RequestHandler {
  return async (request, response) => {
    const session = password === null ? null : await sessions.find(request).catch(() => null);
    response.type('html').send(startPage(session !== null));
  };
}

function showLogin({ sessions }: AdminParts): RequestHandler {
  return async (request, response) => {
    const next = ownPath(request.query['next']);
    if ((await sessions.find(request)) !== null) return response.redirect(303, next);
    response.type('html').send(loginPage({ next, fault: null }));
  };
}

function logIn({ sessions, lockout, log, ...parts }: AdminParts): RequestHandler {
  return async (request, response) => {
    const { password, next } = (request.body ?? {}) as Record<string, unknown>;
    await lockout.take(request.ip);
    if (!isPassword(password, parts.password)) {
      log.warn({ address: request.ip }, 'login refused');
      throw passwordWrong();
    }
    const session = await sessions.begin(request, response);
    await lockout.forgive(request.ip);
    log.info({ session, address: request.ip }, 'logged in');
    response.redirect(303, ownPath(next));
  };
}

function logOut({ sessions }: AdminParts): RequestHandler {
  return async (request, response) => {
    await sessions.end(request, response);
    response.redirect(303, '/');
  };
}

/** Of digests, so that the time tells neither how much of it is right nor how long it is. */
function isPassword(given: unknown, password: string | null): boolean {
  const digests = [typeof given === 'string' ? given : '', password ?? ''] as const;
  const [theirs, ours] = digests.map((text) => hash('sha256', text, 'buffer')) as [Buffer, Buffer];
  return password !== null && timingSafeEqual(theirs, ours);
}

/** `no-referrer`, our default, would make browsers hide where a form comes from: see `same-origin.ts`. */
const pageHeaders: RequestHandler = (_request, response, next) => {
  response.set({ 'cache-control': 'no-store', 'referrer-policy': 'same-origin' });
  next();
};

function openOnly({ password }: AdminParts): RequestHandler {
  return (_request, _response, next) => {
    if (password === null) throw adminClosed();
    next();
  };
}

function loggedInOnly(parts: AdminParts): RequestHandler[] {
  const { sessions } = parts;
  const guard: RequestHandler = async (request, response, next) => {
    const session = await sessions.find(request);
    if (session !== null) {
      response.locals['session'] = session;
      return next();
    }
    if (request.method !== 'GET' || !wantsPage(request)) throw unauthenticated();
    response.redirect(303, `/login?next=${encodeURIComponent(request.originalUrl)}`);
  };
  return [openOnly(parts), guard];
}

/** People get a page, programs a problem. */
const sendFault: ErrorRequestHandler = (error, request, response, next) => {
  const problem = toProblem(error, String(response.getHeader('x-request-id')));
  if (problem.isBug || response.headersSent || !wantsPage(request)) return next(error);
  response.status(problem.status).setHeaders(new Headers(problem.headers));
  response.type('html').send(pageOf(request, error, String(problem.body['detail'])));
};

/** Whoever failed to log in may try again at once. */
function pageOf(request: Request, error: unknown, fault: string): string {
  if (!(error instanceof RequestFault) || error.code !== 'PASSWORD_WRONG') return faultPage(fault);
  const { next } = (request.body ?? {}) as Record<string, unknown>;
  return loginPage({ next: ownPath(next), fault });
}

function wantsPage({ headers }: Request): boolean {
  return headers.accept?.includes('text/html') ?? false;
}

const passwordWrong = () =>
  new RequestFault('PASSWORD_WRONG', 'this is not the password; check it and try again');

const unauthenticated = () =>
  new RequestFault('UNAUTHENTICATED', 'session: you are not logged in, or no longer; go to /login');

const adminClosed = () =>
  new RequestFault(
    'ADMIN_CLOSED',
    'the admin pages are closed; set ADMIN_PASSWORD and start the HTTP process again',
  );
