import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { Health } from '../../workers/health.ts';
import {
  type MetricsServer,
  type MetricsServerOptions,
  openMetricsServer,
} from '../../workers/metrics-server.ts';

const opened: MetricsServer[] = [];
afterEach(async () => {
  for (const server of opened.splice(0)) await server.close();
});

const TOKEN = 'a-token-of-24-characters';

async function open(given: Partial<MetricsServerOptions> = {}) {
  const server = await openMetricsServer({
    host: '127.0.0.1',
    port: 0,
    token: null,
    show: async () => 'camadas_jobs_total 7\n',
    health: () => ({ isHealthy: true, reason: '' }),
    ...given,
  });
  opened.push(server);
  const ask = (path: string, init?: RequestInit) =>
    fetch(`http://127.0.0.1:${server.port}${path}`, init);
  return { ...server, ask };
}

describe('the metrics of a Fleet process', () => {
  it('are shown as Prometheus reads them, on any free port', async () => {
    const { ask, port } = await open();

    const answer = await ask('/metrics');

    expect(port).toBeGreaterThan(0);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await answer.text()).toBe('camadas_jobs_total 7\n');
  });

  it.each([
    ['nothing', {}],
    ['another token', { authorization: 'Bearer something-else-entirely' }],
    ['the beginning of the token', { authorization: `Bearer ${TOKEN.slice(0, -1)}` }],
    ['no bearer', { authorization: TOKEN }],
  ])('are kept from who sends %s', async (_, headers) => {
    const { ask } = await open({ token: TOKEN });

    const answer = await ask('/metrics', { headers: { ...headers } });

    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(await answer.text()).not.toContain('camadas_jobs_total');
  });

  it('are shown to who sends the token', async () => {
    const { ask } = await open({ token: TOKEN });

    const answer = await ask('/metrics', { headers: { authorization: `Bearer ${TOKEN}` } });

    expect(await answer.text()).toContain('camadas_jobs_total 7');
  });

  it('are a fault of one answer, and of no process, when they cannot be shown', async () => {
    const { ask } = await open({ show: () => Promise.reject(new Error('what was it')) });

    const answer = await ask('/metrics');

    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('what was it');
    expect((await ask('/healthz')).status).toBe(200);
  });

  it('are all there is, besides the health', async () => {
    const { ask } = await open();

    expect((await ask('/')).status).toBe(404);
    expect((await ask('/metrics/')).status).toBe(404);
    expect((await ask('/metrics', { method: 'POST', body: 'x' })).status).toBe(405);
    const head = await ask('/metrics?x=1', { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });
});

describe('the health of a Fleet process', () => {
  it('is 200, or 503 with the reason, and asks for no token', async () => {
    let health: Health = { isHealthy: true, reason: '' };
    const { ask } = await open({ token: TOKEN, health: () => health });

    expect((await ask('/healthz')).status).toBe(200);
    health = { isHealthy: false, reason: "the queue's Redis does not answer" };
    const answer = await ask('/healthz');

    expect(answer.status).toBe(503);
    expect(await answer.text()).toBe("the queue's Redis does not answer\n");
  });
});

describe('the port', () => {
  it('that is taken is one sentence that names the setting', async () => {
    const { port } = await open();

    await expect(open({ port })).rejects.toThrow(
      new Error(
        `METRICS_PORT: ${port} is in use on 127.0.0.1; set another one, or 0 for any free one`,
      ),
    );
  });

  it('is given back though an answer is still being made', async () => {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    const show = () => {
      resolve();
      return new Promise<string>(() => {});
    };
    const { ask, close } = await open({ show });
    const answer = ask('/metrics').then(
      () => 'answered',
      () => 'cut off',
    );
    await asked;

    await close();

    opened.length = 0;
    expect(await answer).toBe('cut off');
  });

  it('is free again at once, also while Prometheus holds its connection', async () => {
    const server = await open();
    await (await server.ask('/metrics')).text(); // The connection stays open for the next request.
    await server.close();
    opened.length = 0;

    const next = createServer().listen(server.port, '127.0.0.1');
    await new Promise((resolve, reject) => next.once('listening', resolve).once('error', reject));
    next.close();
  });
});
