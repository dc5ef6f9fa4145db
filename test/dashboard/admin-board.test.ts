import { appRoutes } from '@bull-board/api/dist/routes.js';
import { Queue, Worker } from 'bullmq';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Config } from '../../config.ts';
import { CHANGES, READS } from '../../dashboard/board-routes.ts';
import { runDashboard, type RunningDashboard } from '../../dashboard/run.ts';
import { queuePrefixOf } from '../../queues/index.ts';
import { aMessage, eventually, openTestHouse, type TestHouse } from '../house.ts';
import { openJobsOfAllStates, SECRETS, shownId } from './jobs-of-all-states.ts';
import { openVisitor, PASSWORD, type Visitor } from './visitor.ts';
import { QUEUE_NAMES } from '../../queues/index.ts';

type Jobs = Awaited<ReturnType<typeof openJobsOfAllStates>>;

let house: TestHouse;
let jobs: Jobs;
let dashboard: RunningDashboard;
const opened: RunningDashboard[] = [];
const lines: Record<string, unknown>[] = [];

beforeAll(async () => {
  house = await openTestHouse();
  jobs = await openJobsOfAllStates(house);
  dashboard = await house.openDashboard({ adminPassword: PASSWORD });
});
afterAll(async () => {
  for (const one of opened) await one.stop();
  await jobs.close();
  await house.close();
});

async function enter(url = dashboard.url): Promise<Visitor> {
  const visitor = openVisitor(url, { accept: 'application/json' });
  expect((await visitor.logIn()).status).toBe(303);
  return visitor;
}

/** The same, where it is told what is logged. */
async function openChangeable(given: TestHouse, overrides: Partial<Config> = {}) {
  const log = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const config = { ...given.config, httpPort: 0, adminPassword: PASSWORD, ...overrides };
  const running = await runDashboard({ ...config, isBoardChangeable: true }, log);
  opened.push(running);
  return running;
}

const routes = appRoutes.api.flatMap(({ method, route }) =>
  [method].flat().flatMap((verb) => [route].flat().map((path) => ({ verb, path }))),
);
const reads = routes.filter(({ verb }) => verb === 'get');
const changes = routes.filter(({ verb }) => verb !== 'get');

function filled(route: string, names: Record<string, string>): string {
  return `/queues${route.replaceAll(/:(\w+)/g, (_match, name: string) => encodeURIComponent(names[name] ?? name))}`;
}

/** Everything the queues are, but for the sessions and tries of administrators. */
async function everythingIn(given: TestHouse): Promise<Record<string, unknown>> {
  const { redis } = given.wiring.admin;
  const keys = (await redis.keys(`{${given.name}}:*`)).filter((key) => !key.includes(':admin:'));
  // A running job's lock is renewed, and is no matter of the board.
  const lasting = keys.filter((key) => !key.endsWith(':lock') && !key.includes('stalled'));
  const entries = lasting.map(async (key) => [key, await redis.dumpBuffer(key)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

describe('what the board shows', () => {
  it('is known of every route of Bull Board', () => {
    expect(reads.map(({ path }) => path).filter((path) => !READS.has(path))).toEqual([]);
    const known = new Set(routes.map(({ path }) => path));
    expect([...READS, ...CHANGES].filter((path) => !known.has(path))).toEqual([]);
  });

  it('is a job in each state, and nowhere what was said, by whom, or what came with it', async () => {
    const visitor = await enter();
    const seen: string[] = [];
    const look = async (path: string) => {
      const response = await visitor.get(path);
      const text = await response.text();
      for (const secret of Object.values(SECRETS)) expect(text, path).not.toContain(secret);
      seen.push(text);
      return response.status;
    };

    for (const [state, jobId] of Object.entries(jobs.ids)) {
      const page = `/queues/api/queues?activeQueue=persist&status=${state}&jobsPerPage=100`;
      expect(await look(page)).toBe(200);
      for (const { path } of reads) {
        const status = await look(filled(path, { queueName: jobs.queue, jobId }));
        expect(status, path).toBe(path.endsWith('/workers') ? 403 : 200);
      }
      for (const query of ['?root=node&depth=20', '?maxChildren=1000']) {
        await look(
          filled('/api/queues/:queueName/:jobId/flow', { queueName: jobs.queue, jobId }) + query,
        );
      }
    }
    await look('/queues/api/queues?activeQueue=persist&status=latest');
    for (const route of [appRoutes.entryPoint.route].flat()) await look(filled(route, {}));

    const states = ['completed', 'failed', 'active', 'delayed', 'prioritized', 'waiting', 'parent'];
    for (const state of states) expect(seen.join('\n')).toContain(shownId(state));
  });

  it('tells of a job which messages it has, and why it failed', async () => {
    const visitor = await enter();
    const response = await visitor.get(`/queues/api/queues/persist/${jobs.ids['failed']}`);
    const { job, status } = (await response.json()) as {
      job: { data: { messages: unknown[] }; failedReason: string };
      status: string;
    };

    expect(status).toBe('failed');
    expect(job.data.messages[0]).toEqual({
      companyId: 'padaria',
      clientId: '(hidden: 18 bytes)',
      conversationId: 'pedido-1',
      messageId: shownId('failed'),
      role: 'user',
      content: '(hidden: 16 bytes)',
      createdAt: '2026-03-01T12:00:00.000Z',
      metadata: '(hidden: 2 fields)',
    });
    expect(job).toMatchObject({ attempts: 2, opts: { attempts: 2, backoff: { delay: 1 } } });
    expect(job.failedReason).toMatch(/^\(hidden: \d+ bytes\): see the log of the fleet/);
  });

  it('is a bounded number of jobs, however many are asked for', async () => {
    const { redis: connection } = house.wiring.admin;
    const queue = new Queue('cache-warm', { connection, prefix: queuePrefixOf(house.name) });
    const job = { name: 'cache-warm', data: { companyId: 'padaria' } };
    await queue.addBulk(Array.from({ length: 25 }, () => ({ ...job, opts: { delay: 3_600_000 } })));

    const page = '/queues/api/queues?activeQueue=cache-warm&status=delayed&jobsPerPage=1000';
    const { queues } = (await (await (await enter()).get(page)).json()) as {
      queues: { name: string; jobs: unknown[] }[];
    };

    expect(queues.find(({ name }) => name === 'cache-warm')?.jobs).toHaveLength(20);
  });

  it('asks nobody else for anything', async () => {
    const page = await (await enter()).get('/queues');
    expect(page.headers.get('content-type')).toContain('text/html');
    const text = await page.text();
    expect(text).toContain('static/js/main');
    expect(text).not.toMatch(/(?:href|src)="(?:https?:)?\/\//);
  });
});

describe('a board that only shows', () => {
  it('refuses every change that Bull Board knows', async () => {
    const visitor = await enter();
    const before = await everythingIn(house);
    expect(changes.length).toBeGreaterThan(15);
    // And offers none: the second lock, should the first one be left open.
    const listed = await (await visitor.get('/queues/api/queues')).json();
    const readOnly = QUEUE_NAMES.map(() => ({ readOnlyMode: true }));
    expect(listed).toMatchObject({ queues: readOnly });

    for (const { verb, path } of changes) {
      for (const jobId of Object.values(jobs.ids)) {
        const status = await change(visitor, verb, filled(path, { ...NAMES, jobId }));
        expect([403, 405], `${verb} ${path}`).toContain(status);
      }
    }

    expect(await everythingIn(house)).toEqual(before);
  });
});

describe('a board with BOARD_CHANGES', () => {
  it('still adds, edits and removes nothing', async () => {
    const visitor = await enter((await openChangeable(house)).url);
    const before = await everythingIn(house);

    const refused = changes.filter(({ path }) => !CHANGES.has(path));
    for (const { verb, path } of refused) {
      const status = await change(
        visitor,
        verb,
        filled(path, { ...NAMES, jobId: jobs.ids['waiting'] ?? '' }),
      );
      expect(status, `${verb} ${path}`).toBe(403);
    }

    expect(refused.map(({ path }) => path)).toContain('/api/queues/:queueName/:jobId/update-data');
    expect(await everythingIn(house)).toEqual(before);
  });

  it('puts a dead job back to work with all its attempts, and says who did', async () => {
    const own = await openTestHouse();
    const content = 'Cadê o meu pedido? 📦';
    const jobId = await leaveDeadJob(own, aMessage({ messageId: 'wamid.dead', content }));
    const running = await openChangeable(own);
    const visitor = await enter(running.url);
    lines.splice(0);

    const retried = await change(visitor, 'put', `/queues/api/queues/persist/${jobId}/retry`);

    expect(retried).toBe(204);
    const job = await (await own.wiring.admin.queues.get('persist')).getJob(jobId);
    expect(await job?.getState()).toBe('waiting');
    expect(job?.attemptsMade).toBe(0);
    const fleet = await own.runFleet();
    const asked = { companyId: 'padaria', conversationId: 'pedido-1', limit: 10 };
    const page = await eventually(
      () => own.wiring.findMessages(asked),
      ({ messages }) => messages.length === 1,
    );
    expect(page.messages[0]).toMatchObject({ messageId: 'wamid.dead', content });
    const told = lines.filter(({ msg }) => msg === 'board change');
    expect(told).toMatchObject([
      {
        level: 30,
        queue: 'persist',
        job: jobId,
        change: 'put /api/queues/:queueName/:jobId/retry',
      },
    ]);
    expect(told[0]?.['session']).toMatch(/^[\w-]{8}$/);
    await fleet.stop();
    await running.stop();
    await own.close();
  });

  it('takes nobody else for who did it', async () => {
    const visitor = await enter((await openChangeable(house)).url);
    lines.splice(0);
    const headers = { 'sec-fetch-site': 'same-origin', 'x-camadas-session': 'somebody' };
    await visitor.ask('PUT', '/queues/api/queues/persist/resume', { headers });
    const [told] = lines.filter(({ msg }) => msg === 'board change');
    expect(told?.['session']).toMatch(/^[\w-]{8}$/);
    expect(told?.['session']).not.toBe('somebody');
  });
});

const NAMES = { queueName: 'persist', schedulerId: 'hourly', queueStatus: 'failed' };
/** Fits whatever a route asks for. */
const BODY = {
  name: 'persist',
  data: { messages: [] },
  options: {},
  jobData: { messages: [] },
  concurrency: 1,
  max: 1,
  duration: 1_000,
  force: true,
  runAt: 1,
  priority: 1,
  every: 1_000,
  repeat: { every: 1_000 },
};

async function change(visitor: Visitor, verb: string, path: string): Promise<number> {
  const headers = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' };
  const body = JSON.stringify(BODY);
  return (await visitor.ask(verb.toUpperCase(), path, { headers, body })).status;
}

/** One that has used up its attempts, as a bug in a processor leaves it. */
async function leaveDeadJob(given: TestHouse, message: object): Promise<string> {
  const { redis: connection } = given.wiring.admin;
  const options = { connection, prefix: queuePrefixOf(given.name) };
  const queue = new Queue('persist', options);
  const own = connection.duplicate({ maxRetriesPerRequest: null });
  const worker = new Worker('persist', () => Promise.reject(new Error('a bug')), {
    ...options,
    connection: own,
  });
  const { id = '' } = await queue.add('persist', { messages: [message] });
  await eventually(
    () => queue.getJobCounts(),
    (counts) => counts['failed'] === 1,
  );
  await worker.close();
  own.disconnect();
  return id;
}
