import { randomUUID } from 'node:crypto';
import type { RequestHandler, Response } from 'express';
import type { Level, Logger } from 'pino';

/** One request and its answer, for metrics. */
export interface RequestSeen {
  readonly method: string;
  /** The name of the route. */
  readonly route: string;
  readonly status: number;
  readonly ms: number;
}

/** As nginx counts those who do not wait for the answer. */
const CLIENT_GONE = 499;
const REQUEST_ID = /^[\w.-]{1,64}$/;

/**
 * A request id in each answer, and a line in the log for each request. What went well is told at level
 * debug only: at thousands of requests a second the log would cost more than the answers.
 *
 * @param begin Counts a request; what it returns is called with the answer.
 *
 * A line holds method, path and ids. Never a header, since one is the API key; never a query or body.
 */
export function openRequestLog(log: Logger, begin: () => (seen: RequestSeen) => void) {
  const handle: RequestHandler = (request, response, next) => {
    const requestId = requestIdOf(request.headers['x-request-id']);
    response.setHeader('x-request-id', requestId);
    const startedAt = performance.now();
    const observe = begin();
    response.once('close', () => {
      const { method, path } = request;
      const status = response.writableFinished ? response.statusCode : CLIENT_GONE;
      const ms = performance.now() - startedAt;
      observe({ method, route: routeOf(response), status, ms });
      const level = levelOf(status);
      if (log.isLevelEnabled(level)) {
        log[level]({ requestId, method, path, status, ms: Math.round(ms) }, 'answered');
      }
    });
    next();
  };
  return handle;
}

/** Says which route answers, for metrics; what nobody names counts as `other`. */
export function nameRoute(response: Response, route: string): void {
  response.locals['route'] = route;
}

function routeOf({ locals }: Response): string {
  const route: unknown = locals['route'];
  return typeof route === 'string' ? route : 'other';
}

/** The caller's own id, if it brought one that can stand in a log. */
function requestIdOf(given: string | string[] | undefined): string {
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}

function levelOf(status: number): Exclude<Level, 'fatal' | 'trace'> {
  if (status === 500) return 'error';
  if (status > 500) return 'warn';
  return status >= 400 ? 'info' : 'debug';
}
