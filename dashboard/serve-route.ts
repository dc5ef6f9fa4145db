import type { Request, RequestHandler, Response } from 'express';
import { sendAnswer } from './answer.ts';
import { admit } from './guard.ts';
import type { Keyring } from './keyring.ts';
import { requestInvalid, storeUnreachable } from './problem.ts';
import type { RateLimit } from './rate-limit.ts';
import { nameRoute } from './request-log.ts';
import type { Route, RouteDeps } from './route.ts';

export interface ServeParts {
  readonly keyring: Keyring;
  readonly rateLimit: RateLimit;
  readonly deps: RouteDeps;
  readonly readBody: RequestHandler;
}

/** A caller who waits longer asks again anyway. What hangs on goes on unobserved, and is bounded. */
const ANSWER_MS_MAX = 5_000;

/** Binds a route to Express: who may, what is asked, the answer. */
export function serveRoute(route: Route, parts: ServeParts): RequestHandler[] {
  const admitted = admittedBy(route, parts);
  const answer = answeredBy(route, parts.deps);
  if (!route.body) {
    return [
      async (request, response) => {
        nameRoute(response, route.name);
        await answer(request, response, await admitted(request));
      },
    ];
  }
  // Nobody without a key gets us to read a body.
  return [
    async (request, response, next) => {
      nameRoute(response, route.name);
      response.locals['admitted'] = await admitted(request);
      next();
    },
    parts.readBody,
    (request, response) => answer(request, response, response.locals['admitted'] as Admitted),
  ];
}

interface Admitted {
  readonly companyId: string;
  readonly query: Record<string, unknown>;
}

function admittedBy({ scope }: Route, { keyring, rateLimit }: ServeParts) {
  return async (request: Request): Promise<Admitted> => {
    const { query } = request; // Parsed anew at each look.
    const { companyId } = await admit(request, query, { keyring, rateLimit, scope });
    return { companyId, query };
  };
}

function answeredBy(route: Route, deps: RouteDeps) {
  const plainQuery = route.query.safeParse({}).data; // Most ask for the defaults.
  return async (request: Request, response: Response, { companyId, query }: Admitted) => {
    const asked = {
      companyId,
      params: route.params ? check(route.params, request.params) : {},
      query: isEmpty(query) && plainQuery ? plainQuery : check(route.query, query),
      body: request.body as unknown,
    };
    const answer = await within(ANSWER_MS_MAX, route.handle(asked, deps));
    // The caller may have gone meanwhile.
    if (!response.headersSent && !response.destroyed) sendAnswer(request, response, answer);
  };
}

function isEmpty(query: Record<string, unknown>): boolean {
  return Object.keys(query).length === 0;
}

function check(schema: Route['query'], input: unknown): unknown {
  const parsed = schema.safeParse(input);
  if (!parsed.success) throw requestInvalid(parsed.error);
  return parsed.data;
}

function within<Result>(timeoutMs: number, promise: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(storeUnreachable(undefined)), timeoutMs);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
