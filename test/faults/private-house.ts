import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Connection, createConnection } from 'mysql2/promise';
import { pino } from 'pino';
import { expect } from 'vitest';
import { isAlive, ProcessIdentity } from '../../bin/dev/process-identity.ts';
import { openServers, type Servers, stopServers } from '../../bin/dev/servers.ts';
import { type Config, readConfig } from '../../config.ts';
import { type RunningDashboard, runDashboard } from '../../dashboard/run.ts';
import { openDatabase } from '../../db/database.ts';
import { newMessageId } from '../../domain/message-id.ts';
import { openProducer, type Producer, type ProducerOptions } from '../../queues/producer.ts';
import { openWiring, type Wiring } from '../../wiring.ts';
import { runFleet, type RunningFleet } from '../../workers/run.ts';
import { aMessage, ALL_HOT, eventually } from '../house.ts';
import { type FleetProcess, spawnFleet } from './fleet-process.ts';

export type ServerName = 'mysql' | 'queue-redis' | 'cache-redis';
export type PrivateHouse = Awaited<ReturnType<typeof openPrivateHouse>>;

const HOME = join(import.meta.dirname, '../../.camadas');

/**
 * An installation whose servers belong to one test file alone, to be killed and misconfigured at
 * will. `close` stops them and deletes all they kept, whatever state a test left them in.
 */
export async function openPrivateHouse() {
  await mkdir(HOME, { recursive: true });
  const dir = await mkdtemp(join(HOME, 'faults-'));
  const held: Servers[] = [];
  const closing: (() => Promise<unknown>)[] = [];

  /** Starts whichever of the servers is down, on the port it had. */
  async function restart(): Promise<Servers> {
    const servers = await openServers({ dir, env: withoutUrls(), say: () => {}, keepData: false });
    held.push(servers);
    return servers;
  }

  const { mysqlUrl, queueRedisUrl, cacheRedisUrl } = await restart().catch(async (error) => {
    // There is no house yet that somebody could close.
    await stopServers(dir);
    await rm(dir, { recursive: true, force: true });
    throw error;
  });
  const env = {
    MYSQL_URL: mysqlUrl,
    QUEUE_REDIS_URL: queueRedisUrl,
    CACHE_REDIS_URL: cacheRedisUrl,
    KEY_PREFIX: 'faults',
    ...ALL_HOT,
    LOG_LEVEL: 'silent',
    DRAIN_SECONDS_MAX: '2',
  };
  const config = readConfig(env);
  const root = () => connectAsRoot(dir);

  async function pidOf(name: ServerName): Promise<ProcessIdentity> {
    return ProcessIdentity.parse(
      JSON.parse(await readFile(join(dir, name, 'server.json'), 'utf8')),
    );
  }

  async function end(name: ServerName, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const identity = await pidOf(name);
    process.kill(identity.pid, signal);
    while (await isAlive(identity)) await pause(10);
  }

  return {
    dir,
    env,
    config,
    restart,
    pidOf,
    kill: (name: ServerName) => end(name, 'SIGKILL'),
    stopGracefully: (name: ServerName) => end(name, 'SIGTERM'),
    /** As root, who may set what breaks promises. */
    async asRoot(...statements: string[]): Promise<void> {
      const connection = await root();
      for (const statement of statements) await connection.query(statement);
      await connection.end();
    },
    openRoot: root,
    async openWiring(overrides: Partial<Config> = {}): Promise<Wiring> {
      const wiring = openWiring({ ...config, ...overrides });
      closing.push(wiring.close);
      await wiring.migrate();
      return wiring;
    },
    openProducer(options: Partial<ProducerOptions> = {}): Producer {
      const { queueRedisUrl: redisUrl, keyPrefix: prefix } = config;
      const producer = openProducer({ redisUrl, prefix, ...options });
      closing.push(producer.close);
      return producer;
    },
    /** A Fleet in this process; `lines` is what it logs. */
    async runFleet(overrides: Partial<Config> = {}): Promise<RunningFleet & { lines: string[] }> {
      const lines: string[] = [];
      const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
      const fleet = await runFleet({ ...config, ...overrides }, log);
      closing.push(fleet.stop);
      return { ...fleet, lines };
    },
    /** An HTTP process in this one; `lines` is what it logs. */
    async openDashboard(
      overrides: Partial<Config> = {},
    ): Promise<RunningDashboard & { lines: string[] }> {
      const lines: string[] = [];
      const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
      const dashboard = await runDashboard({ ...config, httpPort: 0, ...overrides }, log);
      closing.push(dashboard.stop);
      return { ...dashboard, lines };
    },
    /** `workers/main.ts` as it runs in production: a process of its own. */
    spawnFleet(overrides: Record<string, string> = {}): FleetProcess {
      const fleet = spawnFleet({ ...env, ...overrides });
      closing.push(fleet.kill);
      return fleet;
    },
    /** Closes what one test opened; for `afterEach`. */
    async tidyUp(): Promise<void> {
      for (const close of closing.splice(0).toReversed()) await close();
    },
    async close(): Promise<void> {
      for (const close of closing.splice(0).toReversed())
        await Promise.race([close(), pause(5_000)]);
      for (const servers of held) await servers.release();
    },
  };
}

/** `count` Messages of one Company, spread over twenty Conversations. */
export function someMessages(companyId: string, count: number) {
  return Array.from({ length: count }, (_, nth) =>
    aMessage({ companyId, conversationId: `pedido-${nth % 20}`, messageId: newMessageId() }),
  );
}

/** What MySQL and the Ledger hold of a Company, read by connections of their own. */
export async function readStored(mysqlUrl: string, companyId: string) {
  const db = openDatabase({ url: mysqlUrl, connectionsMax: 1 });
  try {
    const rows = await db
      .selectFrom('messages_hot as message')
      .innerJoin('companies as company', 'company.company_no', 'message.company_no')
      .select('message.message_id as key')
      .where('company.company_id', '=', companyId)
      .execute();
    const counted = await db
      .selectFrom('ledger')
      .innerJoin('companies', 'companies.company_no', 'ledger.company_no')
      .select((eb) => [
        eb.fn.sum<string>('ledger.stored_total').as('stored'),
        eb.fn.sum<string>('ledger.hot').as('hot'),
      ])
      .where('companies.company_id', '=', companyId)
      .executeTakeFirst();
    const said = await db
      .selectFrom('conversations')
      .innerJoin('companies', 'companies.company_no', 'conversations.company_no')
      .select((eb) => eb.fn.sum<string>('conversations.message_count').as('messages'))
      .where('companies.company_id', '=', companyId)
      .executeTakeFirst();
    return {
      ids: rows.map(({ key }) => uuidOf(key)).sort(),
      ledger: { stored: Number(counted?.stored ?? 0), hot: Number(counted?.hot ?? 0) },
      inConversations: Number(said?.messages ?? 0),
    };
  } finally {
    await db.destroy();
  }
}

/** How many Messages there are, asked cheaply and often. */
export async function countStored(connection: Connection): Promise<number> {
  const [rows] = await connection.query('select count(*) as n from camadas.messages_hot');
  return Number((rows as { n: number }[])[0]?.n);
}

/** Milliseconds until one more Message is stored than now. */
export async function msUntilNextStored(house: PrivateHouse): Promise<number> {
  const startedAt = performance.now();
  const connection = await house.openRoot();
  const before = await countStored(connection);
  await eventually(
    () => countStored(connection),
    (now) => now > before,
  );
  await connection.end();
  return performance.now() - startedAt;
}

/** P1 and P2 at once: every accepted Message is there, once, and the books agree. */
export async function expectKept(
  house: PrivateHouse,
  companyId: string,
  kept: { accepted: readonly string[]; mayBeThere?: readonly string[] },
): Promise<void> {
  const { ids, ledger, inConversations } = await readStored(house.config.mysqlUrl, companyId);
  const stored = new Set(ids);
  expect(ids).toHaveLength(stored.size);
  expect(kept.accepted.filter((id) => !stored.has(id))).toEqual([]);
  const known = new Set([...kept.accepted, ...(kept.mayBeThere ?? [])]);
  expect(ids.filter((id) => !known.has(id))).toEqual([]);
  expect(ledger).toEqual({ stored: ids.length, hot: ids.length });
  expect(inConversations).toBe(ids.length);
}

/** Waits until nothing waits, runs or is delayed, and tells how many jobs are dead. */
export async function untilDrained(wiring: Wiring, timeoutMs = 40_000) {
  const counts = () => wiring.queue.inspector.counts('persist').catch(() => null);
  const isEmpty = (now: Awaited<ReturnType<typeof counts>>) =>
    now !== null && now.waiting + now.active + now.delayed === 0;
  return eventually(counts, isEmpty, timeoutMs);
}

const uuidOf = (key: Buffer) =>
  key.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

async function connectAsRoot(dir: string): Promise<Connection> {
  const passwords = JSON.parse(await readFile(join(dir, 'passwords.json'), 'utf8')) as {
    'mysql-root': string;
  };
  return createConnection({
    socketPath: join(dir, 'sockets', 'mysql.sock'),
    user: 'root',
    password: passwords['mysql-root'],
  });
}

function withoutUrls(): NodeJS.ProcessEnv {
  return { ...process.env, MYSQL_URL: '', QUEUE_REDIS_URL: '', CACHE_REDIS_URL: '' };
}
