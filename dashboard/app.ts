import compression from 'compression';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import type { Logger } from 'pino';
import { sendJson } from './answer.ts';
import type { Observers } from '../observers.ts';
import { openBodyReader } from './body.ts';
import { docsPage } from './docs-page.ts';
import type { Keyring } from './keyring.ts';
import { openApiDocument } from './openapi.ts';
import { notFound, RequestFault, toProblem } from './problem.ts';
import type { RateLimit } from './rate-limit.ts';
import type { ReadinessWatch } from './readiness.ts';
import { openRequestLog } from './request-log.ts';
import type { RouteDeps } from './route.ts';
import { routes } from './routes.ts';
import { serveRoute } from './serve-route.ts';

export interface AppParts {
  readonly deps: RouteDeps;
  readonly keyring: Keyring;
  readonly rateLimit: RateLimit;
  readonly readiness: ReadinessWatch;
  readonly log: Logger;
  readonly observers: Pick<Observers, 'request'>;
  /** See `metricsPages`. */
  readonly metrics: RequestHandler;
  /** The pages for people, see `adminPages`. */
  readonly admin: RequestHandler;
  /** Proxies in front, whose word on protocol and address counts. */
  readonly trustedProxies: number;
}

/** The HTTP API as an Express app: no port, no clock, no server is opened here. */
export function createApp(parts: AppParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag'); // `answer.ts` makes them, once for each page of the cache.
  app.set('trust proxy', parts.trustedProxies);
  app.use(openRequestLog(parts.log, parts.observers.request));
  app.use(dataHeaders());
  app.use(compressIfAsked());
  mountRoutes(app, parts);
  app.use(pageHeaders());
  mountHealth(app, parts.readiness);
  mountDocs(app);
  app.use('/metrics', parts.metrics);
  app.use(parts.admin);
  app.use(() => {
    throw notFound('page');
  });
  app.use(sendProblem(parts.log));
  return app;
}

/** Answers of the API are data: no page may show or run them, and nobody is to guess their type. */
function dataHeaders(): RequestHandler {
  return (_request, response, next) => {
    response.setHeader('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
    response.setHeader('x-content-type-options', 'nosniff');
    response.setHeader('strict-transport-security', 'max-age=31536000');
    next();
  };
}

/** Pages get all that helmet knows. Nothing comes from foreign hosts; the docs have inline styles. */
function pageHeaders(): RequestHandler {
  const own = ["'self'"];
  return helmet({
    contentSecurityPolicy: {
      directives: {
        fontSrc: own,
        imgSrc: [...own, 'data:'],
        styleSrc: [...own, "'unsafe-inline'"],
        // Whether there is TLS, the proxy in front knows.
        upgradeInsecureRequests: null,
      },
    },
  });
}

function compressIfAsked(): RequestHandler {
  const compress = compression();
  return (request, response, next) => {
    if (request.headers['accept-encoding'] === undefined) next();
    else compress(request, response, next);
  };
}

function mountHealth(app: Express, readiness: ReadinessWatch): void {
  app.get('/healthz', (_request, response) => void response.json({ status: 'ok' }));
  app.get('/readyz', async (_request, response) => {
    const { isReady, status, servers } = await readiness.look();
    response.status(isReady ? 200 : 503).json({ status, servers });
  });
}

function mountRoutes(app: Express, parts: AppParts): void {
  const serve = { ...parts, readBody: openBodyReader() };
  for (const route of routes) {
    app[route.method](expressPath(route.path), ...serveRoute(route, serve));
  }
  for (const path of new Set(routes.map((route) => route.path))) {
    const methods = routes.filter((route) => route.path === path).map(({ method }) => method);
    const allowed = methods.flatMap((method) => (method === 'get' ? ['GET', 'HEAD'] : [method]));
    app.all(expressPath(path), () => {
      throw methodNotAllowed(allowed.map((method) => method.toUpperCase()));
    });
  }
}

function mountDocs(app: Express): void {
  const document = Buffer.from(JSON.stringify(openApiDocument(routes)));
  app.get('/openapi.json', (_request, response) => sendJson(response, document));
  app.use('/docs', docsPage());
}

/** `{name}` is OpenAPI's way to write what Express writes as `:name`. */
function expressPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}

function sendProblem(log: Logger): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error); // Express ends the connection.
    const requestId = String(response.getHeader('x-request-id'));
    const problem = toProblem(error, requestId);
    if (problem.isBug) log.error({ requestId, at: placeOf(error) }, 'bug');
    response.statusCode = problem.status;
    response.setHeaders(new Headers(problem.headers));
    sendJson(response, Buffer.from(JSON.stringify(problem.body)), 'application/problem+json');
  };
}

/** Where it happened. Not the error's words: they may quote a client's. */
function placeOf(error: unknown): object {
  if (!(error instanceof Error)) return { kind: typeof error };
  const lines = error.stack?.split('\n').filter((line) => line.startsWith('    at ')) ?? [];
  return { kind: error.name, at: lines.slice(0, 5) };
}

const methodNotAllowed = (methods: readonly string[]) =>
  new RequestFault('METHOD_NOT_ALLOWED', `method: must be ${methods.join(' or ')} here`, {
    headers: { allow: methods.join(', ') },
  });
