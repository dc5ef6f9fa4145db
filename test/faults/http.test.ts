import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Config } from '../../config.ts';
import { SCOPES } from '../../domain/api-key.ts';
import { type Answer, type Caller, codeOf, openCaller } from '../dashboard/caller.ts';
import { aMessage, eventually } from '../house.ts';
import { openPrivateHouse, type PrivateHouse, type ServerName } from './private-house.ts';

/** Of a refusal that nobody has to wait for. On a busy machine a single one may be late. */
const AT_ONCE_MS = 100;
const LATE_MS = 600;
const FIRST_REFUSAL_MS_MAX = 2_500;
const ANSWER_MS_MAX = 6_000;
const RECOVERY_MS_MAX = 8_000;

let house: PrivateHouse;
beforeAll(async () => void (house = await openPrivateHouse()));
afterEach(() => house.tidyUp());
afterAll(() => house?.close());

interface Timed {
  readonly answer: Answer;
  readonly ms: number;
}

/** An HTTP process of its own key prefix, a Fleet, a Conversation that was read lately. */
async function openDoor(companyId: string, overrides: Partial<Config> = {}) {
  const own = { keyPrefix: companyId, requestsPerSecondMax: 100_000, ...overrides };
  const wiring = await house.openWiring(own);
  const fleet = await house.runFleet(own);
  const dashboard = await house.openDashboard(own);
  const wish = { companyId, scopes: SCOPES, label: '', expiresAt: null };
  const { token } = await wiring.keys.create(wish, Date.now());
  const caller = openCaller(dashboard.url, token);
  const path = '/messages/conversations/pedido-1/messages';
  const answers: Answer[] = [];

  async function timed(asking: Promise<Answer>): Promise<Timed> {
    const startedAt = performance.now();
    const answer = await asking;
    answers.push(answer);
    return { answer, ms: performance.now() - startedAt };
  }
  const door = {
    wiring,
    fleet,
    dashboard,
    caller,
    post: () => timed(caller.post(aMessage({ companyId, createdAt: new Date().toISOString() }))),
    /** From the cache, when it is there. */
    readCached: () => timed(caller.get(path)),
    readUncached: () => timed(caller.get(`${path}?limit=3`)),
    ask: (asking: Promise<Answer>) => timed(asking),
    /** No answer was a bug, and the process says so itself. */
    expectNoBug() {
      caller.close();
      expect(answers.filter(({ status }) => status === 500)).toEqual([]);
      expect(dashboard.lines.filter((line) => line.includes('bug'))).toEqual([]);
    },
  };
  expect((await door.post()).answer.status).toBe(202);
  await eventually(door.readCached, ({ answer }) => answer.status === 200);
  await door.readCached();
  return door;
}

/** Asks one after the other for so long. */
async function goOn(ask: () => Promise<Timed>, forMs: number): Promise<Timed[]> {
  const endsAt = performance.now() + forMs;
  const all: Timed[] = [];
  while (performance.now() < endsAt) all.push(await ask());
  return all;
}

function expectAll(all: readonly Timed[], status: number): void {
  expect([...new Set(all.map(({ answer }) => answer.status))]).toEqual([status]);
  const times = all.map(({ ms }) => ms).sort((a, b) => a - b);
  expect(times[Math.floor(times.length / 2)]).toBeLessThan(AT_ONCE_MS);
  expect(times.at(-1)).toBeLessThan(LATE_MS);
}

function expectRefusal({ answer, ms }: Timed, code: string, msMax: number): void {
  expect([answer.status, codeOf(answer)]).toEqual([503, code]);
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  expect(ms).toBeLessThan(msMax);
}

const accepts = ({ answer }: Timed) => answer.status === 202;
const isFound = ({ answer }: Timed) => answer.status === 200;

async function stopAndGo(name: ServerName): Promise<() => Promise<void>> {
  const { pid } = await house.pidOf(name);
  process.kill(pid, 'SIGSTOP');
  return async () => void process.kill(pid, 'SIGCONT');
}

/** Ways for a server to go; each returns the way back. */
const WAYS = {
  killed: async (name: ServerName) => {
    await house.kill(name);
    return async () => void (await house.restart());
  },
  hanging: stopAndGo,
};
const ways = Object.keys(WAYS) as (keyof typeof WAYS)[];

async function fillQueueRedis(): Promise<() => Promise<void>> {
  const redis = new Redis(house.env.QUEUE_REDIS_URL);
  await redis.config('SET', 'maxmemory', '1mb');
  return async () => {
    await redis.config('SET', 'maxmemory', '0');
    redis.disconnect();
  };
}

describe("the queue's Redis", () => {
  // Red when each caller asks a server that hangs anew; see `lookAgain` in `job-sender.ts`.
  it.each([
    ['killed', () => WAYS.killed('queue-redis'), 'QUEUE_UNREACHABLE'],
    ['hanging', () => WAYS.hanging('queue-redis'), 'QUEUE_UNREACHABLE'],
    ['full', fillQueueRedis, 'QUEUE_FULL'],
  ] as const)(
    'P8: %s, refuses at once and says when to come again; reads go on',
    async (way, leave, code) => {
      const door = await openDoor(`fila-${way}`);
      const comeBack = await leave();
      try {
        expectRefusal(await door.post(), code, FIRST_REFUSAL_MS_MAX);
        const refused = await goOn(door.post, 1_500);
        expectAll(refused, 503);
        for (const one of refused) expectRefusal(one, code, LATE_MS);
        expectAll(await goOn(door.readCached, 200), 200);
        expectAll(await goOn(door.readUncached, 200), 200);
      } finally {
        await comeBack();
      }
      await eventually(door.post, accepts, RECOVERY_MS_MAX);
      door.expectNoBug();
    },
    40_000,
  );

  // Red without the count of waiting jobs.
  it('P8: holding more jobs than it may, refuses until they are done', async () => {
    const door = await openDoor('fila-longa', { queueJobsMax: 3 });
    await door.fleet.stop();
    await eventually(door.post, ({ answer }) => answer.status === 503);
    const refused = await goOn(door.post, 500);
    for (const one of refused) expectRefusal(one, 'QUEUE_FULL', LATE_MS);
    await house.runFleet({ keyPrefix: 'fila-longa' });
    await eventually(door.post, accepts, RECOVERY_MS_MAX);
    door.expectNoBug();
  });
});

describe('MySQL', () => {
  // Red when a known key is looked up by each request; when one never seen is waited for.
  it.each(ways)(
    'P8: %s, cached pages and new messages go on, the rest is refused in time',
    async (way) => {
      const companyId = `mysql-${way}`;
      const door = await openDoor(companyId);
      const comeBack = await WAYS[way]('mysql');
      try {
        const [refused, unknown] = [
          door.readUncached(),
          door.ask(openStranger(door.dashboard.url)),
        ];
        expectAll(await goOn(door.readCached, 6_500), 200); // Longer than a key is taken unseen.
        expectAll(await goOn(door.post, 500), 202);
        expectRefusal(await refused, 'STORE_UNREACHABLE', ANSWER_MS_MAX);
        expectRefusal(await unknown, 'STORE_UNREACHABLE', ANSWER_MS_MAX);
      } finally {
        await comeBack();
      }
      await eventually(door.readUncached, isFound, RECOVERY_MS_MAX);
      door.expectNoBug();
    },
    40_000,
  );

  // Red when closing waits for the use of keys to be written down.
  it('P8: hanging, keeps no HTTP process from ending', async () => {
    const door = await openDoor('mysql-fim');
    const comeBack = await stopAndGo('mysql');
    try {
      const toldAt = performance.now();
      await door.dashboard.stop();
      expect(performance.now() - toldAt).toBeLessThan(6_500);
    } finally {
      await comeBack();
    }
  });
});

describe("the cache's Redis", () => {
  it.each(ways)(
    'P8: %s, pages come from MySQL, and only what needs it is refused',
    async (way) => {
      const door = await openDoor(`cache-${way}`);
      const clear = () => door.ask(door.caller.delete('/messages/cache'));
      const comeBack = await WAYS[way]('cache-redis');
      try {
        await goOn(door.readCached, 1_000); // Until it is known to be away.
        expectAll(await goOn(door.readCached, 1_000), 200);
        expectAll(await goOn(door.post, 500), 202);
        expectRefusal(await clear(), 'CACHE_UNREACHABLE', ANSWER_MS_MAX);
      } finally {
        await comeBack();
      }
      await eventually(clear, ({ answer }) => answer.status === 204, RECOVERY_MS_MAX);
      await eventually(door.readCached, isFound, RECOVERY_MS_MAX);
      door.expectNoBug();
    },
    40_000,
  );
});

/** Somebody with a key that was never seen here. */
async function openStranger(url: string): Promise<Answer> {
  const stranger: Caller = openCaller(url, `cam_${'z'.repeat(12)}_${'A'.repeat(43)}`);
  return stranger.get('/messages').finally(stranger.close);
}
