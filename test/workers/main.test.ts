import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Redis } from 'ioredis';
import { findFreePort } from '../../bin/dev/free-port.ts';
import { spawnFleet } from '../faults/fleet-process.ts';
import {
  openPrivateHouse,
  type PrivateHouse,
  readStored,
  someMessages,
  untilDrained,
} from '../faults/private-house.ts';
import { eventually } from '../house.ts';

let house: PrivateHouse;
beforeAll(async () => void (house = await openPrivateHouse()));
afterEach(() => house.tidyUp());
afterAll(() => house?.close());

describe('the configuration', () => {
  it('is judged as a whole: every fault is told at once, and nothing starts', async () => {
    const fleet = spawnFleet({ MYSQL_URL: 'postgres://x', DRAIN_SECONDS_MAX: '0' });

    expect(await fleet.ended).toBe(2);
    const said = fleet.output();
    for (const name of ['MYSQL_URL', 'QUEUE_REDIS_URL', 'CACHE_REDIS_URL', 'DRAIN_SECONDS_MAX']) {
      expect(said).toContain(name);
    }
    expect(said).not.toMatch(/^ {4}at /m);
  });
});

describe('SIGTERM', () => {
  it('finishes what runs, leaves nothing active, takes its heartbeat back and exits 0', async () => {
    const wiring = await house.openWiring();
    const producer = house.openProducer({ messagesPerJobMax: 5 });
    const fleet = house.spawnFleet();
    await fleet.ready;
    const { inspector } = wiring.queue;
    expect(await inspector.heartbeats()).toMatchObject([{ pid: fleet.pid, isHealthy: true }]);

    const messages = someMessages('padaria', 5_000);
    await producer.createMessages(messages);
    await eventually(
      async () => (await readStored(house.config.mysqlUrl, 'padaria')).ids.length,
      (count) => count > 0,
    );
    fleet.signal('SIGTERM');

    expect(await fleet.ended).toBe(0);
    expect(await inspector.counts('persist')).toMatchObject({ active: 0, delayed: 0, dead: 0 });
    expect(await inspector.heartbeats()).toEqual([]);

    await house.runFleet();
    await untilDrained(wiring);
    const { ids } = await readStored(house.config.mysqlUrl, 'padaria');
    expect(ids).toEqual(messages.map(({ messageId }) => messageId).sort());
  });

  // Red when closing waits for MySQL: the last resort of `main.ts` then ends it with 1.
  it('ends within its deadline though MySQL hangs; others take its jobs over', async () => {
    const wiring = await house.openWiring();
    const producer = house.openProducer();
    const { pid } = await house.pidOf('mysql');
    const fleet = house.spawnFleet({ DRAIN_SECONDS_MAX: '1' });
    await fleet.ready;

    process.kill(pid, 'SIGSTOP');
    try {
      await producer.createMessages(someMessages('clinica', 50));
      const { inspector } = wiring.queue;
      await eventually(
        () => inspector.counts('persist'),
        ({ active }) => active > 0,
      );
      const toldAt = performance.now();
      fleet.signal('SIGTERM');

      expect(await fleet.ended).toBe(0); // By itself: 1 is the last resort's.
      expect(performance.now() - toldAt).toBeLessThan(6_500);
      expect(await inspector.counts('persist')).toMatchObject({ active: 0, dead: 0 });
    } finally {
      process.kill(pid, 'SIGCONT');
    }

    await house.runFleet();
    await untilDrained(wiring);
    expect((await readStored(house.config.mysqlUrl, 'clinica')).ids).toHaveLength(50);
  });

  it('ends at once when it is told twice', async () => {
    const { pid } = await house.pidOf('mysql');
    const producer = house.openProducer({ prefix: 'told-twice' });
    const wiring = await house.openWiring({ keyPrefix: 'told-twice' });
    const fleet = house.spawnFleet({ KEY_PREFIX: 'told-twice', DRAIN_SECONDS_MAX: '60' });
    await fleet.ready;

    process.kill(pid, 'SIGSTOP');
    try {
      await producer.createMessages(someMessages('otica', 5));
      await eventually(
        () => wiring.queue.inspector.counts('persist'),
        ({ active }) => active > 0,
      );
      fleet.signal('SIGTERM');
      fleet.signal('SIGINT');

      expect(await fleet.ended).toBe(1);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });
});

describe('the start', () => {
  afterEach(async () => {
    const redis = new Redis(house.env.QUEUE_REDIS_URL);
    await redis.config('SET', 'maxmemory-policy', 'noeviction', 'appendonly', 'yes');
    redis.disconnect();
    await house.asRoot("set global sql_mode = 'STRICT_TRANS_TABLES'");
  });

  const DANGERS = [
    ['may evict jobs', () => setRedis('maxmemory-policy', 'allkeys-lru')],
    ['keeps no append-only file', () => setRedis('appendonly', 'no')],
    ['is not strict', () => house.asRoot("set global sql_mode = ''")],
  ] as const;

  it.each(DANGERS)('is refused on a server that %s', async (words, endanger) => {
    await endanger();

    const fleet = house.spawnFleet({ LOG_LEVEL: 'info' });

    expect(await fleet.ended).toBe(1);
    expect(fleet.output()).toContain(words);
  });

  it('goes on all the same with ALLOW_UNSAFE, and says what is wrong', async () => {
    for (const [, endanger] of DANGERS) await endanger();

    const fleet = house.spawnFleet({ LOG_LEVEL: 'info', ALLOW_UNSAFE: 'true' });
    await fleet.ready;

    for (const [words] of DANGERS) expect(fleet.output()).toContain(words);
  });

  it('waits for servers that are not up yet, says for which, and then works', async () => {
    await house.kill('queue-redis');
    await house.kill('mysql');
    const port = await findFreePort();
    const fleet = house.spawnFleet({ LOG_LEVEL: 'info', METRICS_PORT: String(port) });
    const queueHost = new URL(house.env.QUEUE_REDIS_URL).host;
    await eventually(
      async () => fleet.output(),
      (said) => said.includes(`waiting: the queue's Redis at ${queueHost} does not answer`),
    );
    const probe = () => fetch(`http://127.0.0.1:${port}/healthz`);
    const starting = await probe();
    expect([starting.status, await starting.text()]).toEqual([
      503,
      'the fleet is still starting\n',
    ]);

    await house.restart();
    await fleet.ready;
    expect((await probe()).status).toBe(200);

    const wiring = await house.openWiring();
    await house.openProducer().createMessages(someMessages('mercado', 10));
    await untilDrained(wiring);
    expect((await readStored(house.config.mysqlUrl, 'mercado')).ids).toHaveLength(10);
    expect(fleet.output()).not.toContain(new URL(house.env.MYSQL_URL).password);
  });

  it('does not wait for what no waiting mends: one sentence tells what is wrong', async () => {
    const wrong = new URL(house.env.MYSQL_URL);
    wrong.password = 'wrong';
    const fleet = house.spawnFleet({ LOG_LEVEL: 'info', MYSQL_URL: wrong.href });

    expect(await fleet.ended).toBe(1);
    expect(fleet.output()).toContain(`MySQL at ${wrong.host} refuses us (ER_ACCESS_DENIED_ERROR)`);

    const alsoWrong = new URL(house.env.QUEUE_REDIS_URL);
    alsoWrong.password = 'wrong';
    const other = house.spawnFleet({ LOG_LEVEL: 'info', QUEUE_REDIS_URL: alsoWrong.href });

    expect(await other.ended).toBe(1);
    expect(other.output()).toContain(
      `the queue's Redis at ${alsoWrong.host} refuses us (WRONGPASS`,
    );
  });

  it('is refused where the port of its metrics is taken, in one sentence', async () => {
    const deaf = await openDeafServer();
    const { port } = new URL(deaf.url);
    const fleet = house.spawnFleet({ LOG_LEVEL: 'info', METRICS_PORT: port });

    expect(await fleet.ended).toBe(1);
    expect(fleet.output()).toContain(`METRICS_PORT: ${port} is in use on 127.0.0.1; set another`);
    await deaf.close();
  });

  it('can be called off while it waits', async () => {
    const deaf = await openDeafServer();
    const fleet = house.spawnFleet({ LOG_LEVEL: 'info', QUEUE_REDIS_URL: deaf.url });
    await eventually(
      async () => fleet.output(),
      (said) => said.includes('waiting: '),
    );

    fleet.signal('SIGTERM');

    expect(await fleet.ended).toBe(1);
    await deaf.close();
  });
});

async function setRedis(name: string, value: string): Promise<void> {
  const redis = new Redis(house.env.QUEUE_REDIS_URL);
  await redis.config('SET', name, value);
  redis.disconnect();
}

/** Takes connections and says nothing, as a host does that hangs. */
async function openDeafServer() {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => void sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return {
    url: `redis://127.0.0.1:${port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
