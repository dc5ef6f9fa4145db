import { type RequestHandler, Router } from 'express';
import { bearerMatches } from '../domain/bearer.ts';
import { type Metrics, METRICS_CONTENT_TYPE } from '../metrics.ts';
import type { Heartbeat } from '../queues/inspect.ts';
import { metricsTargets } from './metrics-targets.ts';
import { queueUnreachable, RequestFault } from './problem.ts';

export interface MetricsPagesParts {
  readonly metrics: Metrics;
  /** What Prometheus must send; null: nothing. */
  readonly token: string | null;
  heartbeats(): Promise<Heartbeat[]>;
}

/** What Prometheus asks for: the metrics of this process and of the Fleet, and where its processes are. */
export function metricsPages({ metrics, token, heartbeats }: MetricsPagesParts): RequestHandler {
  const router = Router();
  router.use((request, _response, next) => {
    if (!bearerMatches(request.headers.authorization, token)) throw tokenNeeded();
    next();
  });
  router.get('/', async (_request, response) => {
    response.setHeader('cache-control', 'no-store');
    response.type(METRICS_CONTENT_TYPE).send(await metrics.show('http'));
  });
  router.get('/targets', async (_request, response) => {
    // Prometheus keeps the targets it has when it gets no list.
    const beats = await heartbeats().catch((cause: unknown) => {
      throw queueUnreachable(cause);
    });
    response.json(metricsTargets(beats));
  });
  return router;
}

const tokenNeeded = () =>
  new RequestFault('UNAUTHENTICATED', 'authorization: send the METRICS_TOKEN as bearer token', {
    headers: { 'www-authenticate': 'Bearer' },
  });
