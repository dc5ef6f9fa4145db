import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { sql } from 'kysely';
import { openServers } from '../bin/dev/servers.ts';
import { startProcesses } from '../bin/processes.ts';
import { readConfig } from '../config.ts';
import { createApiKey } from '../db/api-keys.ts';
import { openDatabase } from '../db/database.ts';
import { migrate } from '../db/migrate.ts';
import { SCOPES } from '../domain/api-key.ts';
import { openWorkingConnection, type QueueRedis } from '../queues/connection.ts';
import { queuePrefixOf } from '../queues/index.ts';

export type BenchHouse = Awaited<ReturnType<typeof openBenchHouse>>;

const say = (line: string) => void process.stderr.write(`${line}\n`);

/**
 * An installation of its own for one benchmark, thrown away afterwards: real servers with their
 * fsyncs on, as `start` runs them, and as many Fleet processes as asked for. Its queues are paused
 * until timed.
 */
export async function openBenchHouse({ fleetProcesses }: { fleetProcesses: number }) {
  const home = join(import.meta.dirname, '..', '.camadas');
  await mkdir(home, { recursive: true });
  const dir = await mkdtemp(join(home, 'bench-'));
  const servers = await openServers({ dir, env: process.env, say, keepData: false });
  const env = {
    ...process.env,
    MYSQL_URL: servers.mysqlUrl,
    QUEUE_REDIS_URL: servers.queueRedisUrl,
    CACHE_REDIS_URL: servers.cacheRedisUrl,
    KEY_PREFIX: `bench-${process.pid}`,
    LOG_LEVEL: 'warn',
    // However old the Messages of a benchmark are, they stay in the hot tier.
    HOT_HOURS: '1000000',
    WARM_DAYS: '50000',
    // So high that it lets all through: it is counted all the same, as in production.
    REQUESTS_PER_SECOND_MAX: '1000000',
  };
  const config = readConfig(env);
  const prefix = queuePrefixOf(config.keyPrefix);
  const db = openDatabase({ url: config.mysqlUrl, connectionsMax: 2 });
  await migrate(db);

  const connection = openWorkingConnection(config.queueRedisUrl);
  const persist = new Queue('persist', { connection, prefix });
  const noop = new Queue('noop', { connection, prefix });
  await Promise.all([persist.pause(), noop.pause()]);
  const fleet = await startProcesses({
    entry: 'workers/main.ts',
    env,
    count: fleetProcesses,
    logTo: 'inherit',
    say,
  });

  return {
    env,
    config,
    db,
    persist,
    noop,
    openNoopWorker: (concurrency: number) =>
      openNoopWorker([config.queueRedisUrl, prefix, String(concurrency)]),

    /** @returns The token of a key of this Company that may do everything. */
    async makeKey(companyId: string): Promise<string> {
      const wanted = { companyId, scopes: SCOPES, label: 'bench', expiresAt: null };
      return (await createApiKey(db, wanted, Date.now())).token;
    },

    /** Empties the tables of Messages, so that every round begins alike. */
    async clear(): Promise<void> {
      await sql`truncate table messages_hot`.execute(db);
      await sql`truncate table ledger`.execute(db);
    },

    async countStored(): Promise<number> {
      const { rows } = await sql<{ messages: number }>`
        select count(*) as messages from messages_hot`.execute(db);
      return Number(rows[0]?.messages);
    },

    /** The processes there are besides the HTTP server; NaN for one on another machine. */
    async pids(): Promise<Record<'fleet' | 'mysql' | 'queueRedis' | 'cacheRedis', number>> {
      const cache = openWorkingConnection(config.cacheRedisUrl);
      const [queueRedis, cacheRedis] = [await redisPid(connection), await redisPid(cache)];
      cache.disconnect();
      return { fleet: fleet.pids[0] ?? NaN, mysql: await readMysqlPid(), queueRedis, cacheRedis };
    },

    /** What the figures were measured on. */
    conditions: async () => ({
      servers: servers.running.map(({ name, version, origin }) => ({ name, version, origin })),
      mysql: await readMysqlSettings(),
      queueRedis: await connection.config('GET', 'appendfsync'),
    }),

    async close(): Promise<void> {
      await fleet.stop();
      await Promise.all([persist.close(), noop.close()]);
      connection.disconnect();
      await db.destroy();
      await servers.release();
    },
  };

  async function readMysqlPid(): Promise<number> {
    const { rows } = await sql<{ file: string }>`select @@pid_file as file`.execute(db);
    return Number(await readFile(rows[0]?.file ?? '', 'utf8').catch(() => NaN));
  }

  async function readMysqlSettings() {
    const { rows } = await sql`
      select @@version as version, @@innodb_flush_log_at_trx_commit as flushLogAtCommit,
        @@log_bin as binaryLog, @@sync_binlog as syncBinaryLog,
        @@innodb_buffer_pool_size as bufferPoolBytes`.execute(db);
    return rows[0];
  }
}

async function redisPid(redis: QueueRedis): Promise<number> {
  return Number(/^process_id:(\d+)/m.exec(await redis.info('server'))?.[1]);
}

async function openNoopWorker(args: string[]): Promise<{ close(): Promise<void> }> {
  const child: ChildProcess = fork(join(import.meta.dirname, 'noop-worker.ts'), args);
  await once(child, 'message');
  return {
    async close() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}
