import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { bearerMatches } from '../domain/bearer.ts';
import { METRICS_CONTENT_TYPE } from '../metrics.ts';
import type { Health } from './health.ts';

export interface MetricsServer {
  /** The one it listens on, also when any free one was asked for. */
  readonly port: number;
  close(): Promise<void>;
}

export interface MetricsServerOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** What the bearer must send; null: nothing. */
  readonly token: string | null;
  readonly show: () => Promise<string>;
  readonly health: () => Health;
}

/** Requests are a line and a few headers; whoever is slower than this is not Prometheus. */
const REQUEST_MS_MAX = 5_000;
/** Prometheus holds one connection, a probe another. */
const CONNECTIONS_MAX = 64;

/**
 * Shows what a Fleet process does: `GET /metrics`, and `GET /healthz` as 200 or 503.
 *
 * @throws Error If it cannot listen there, with the setting to change.
 */
export async function openMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const server = createServer({ requestTimeout: REQUEST_MS_MAX }, (request, response) => {
    // Whatever goes wrong for one who asks is theirs to hear of, and no end of the process.
    answer(request, options).then(
      (reply) => send(response, reply),
      () => send(response, TROUBLE),
    );
  });
  server.maxConnections = CONNECTIONS_MAX;
  const port = await listen(server, options);
  return { port, close: () => close(server) };
}

interface Reply {
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const TROUBLE: Reply = { status: 500, text: 'the metrics cannot be shown now\n' };
const NOT_FOUND: Reply = { status: 404, text: 'there are /metrics and /healthz\n' };
const NOT_ALLOWED: Reply = {
  status: 405,
  text: 'only GET and HEAD\n',
  headers: { Allow: 'GET, HEAD' },
};
const UNAUTHENTICATED: Reply = {
  status: 401,
  text: 'send the METRICS_TOKEN as bearer token\n',
  headers: { 'WWW-Authenticate': 'Bearer' },
};

async function answer(request: IncomingMessage, options: MetricsServerOptions): Promise<Reply> {
  const path = request.url?.split('?')[0];
  if (path !== '/metrics' && path !== '/healthz') return NOT_FOUND;
  if (request.method !== 'GET' && request.method !== 'HEAD') return NOT_ALLOWED;
  if (path === '/healthz') return healthReply(options.health());
  if (!bearerMatches(request.headers.authorization, options.token)) return UNAUTHENTICATED;
  const headers = { 'Content-Type': METRICS_CONTENT_TYPE };
  return { status: 200, text: await options.show(), headers };
}

function healthReply({ isHealthy, reason }: Health): Reply {
  return isHealthy ? { status: 200, text: 'healthy\n' } : { status: 503, text: `${reason}\n` };
}

function send(response: ServerResponse, { status, text, headers = {} }: Reply): void {
  const isBare = response.req.method === 'HEAD';
  const length = Buffer.byteLength(text);
  const always = { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' };
  response.writeHead(status, { ...always, 'Content-Length': length, ...headers });
  response.end(isBare ? undefined : text);
}

async function listen(server: Server, at: { host: string; port: number }): Promise<number> {
  server.listen(at.port, at.host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw cannotListen(at, error);
  }
  server.on('error', () => {}); // One connection that cannot be taken is no end of the process.
  const address = server.address();
  return typeof address === 'object' && address ? address.port : at.port;
}

function cannotListen({ host, port }: { host: string; port: number }, cause: unknown): Error {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const sentence =
    code === 'EADDRINUSE'
      ? `METRICS_PORT: ${port} is in use on ${host}; set another one, or 0 for any free one`
      : `METRICS_HOST and METRICS_PORT: cannot listen on ${host}:${port} (${code || 'unknown fault'}); set others`;
  return new Error(sentence, { cause });
}

/** Nobody who asks, or has stopped half-way through asking, may hold up the end of the process. */
async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
