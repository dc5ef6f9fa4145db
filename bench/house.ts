import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { sql } from 'kysely';
import { openServers } from '../bin/dev/servers.ts';
import { startFleetProcesses } from '../bin/fleet-processes.ts';
import { readConfig } from '../config.ts';
import { openDatabase } from '../db/database.ts';
import { migrate } from '../db/migrate.ts';
import { openWorkingConnection } from '../queues/connection.ts';
import { queuePrefixOf } from '../queues/index.ts';

export type BenchHouse = Awaited<ReturnType<typeof openBenchHouse>>;

const say = (line: string) => void process.stderr.write(`${line}\n`);

/**
 * An installation of its own for one benchmark, thrown away afterwards: real servers with their
 * fsyncs on, as `start` runs them, and one Fleet process. Its queues are paused until timed.
 */
export async function openBenchHouse() {
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
  };
  const config = readConfig(env);
  const prefix = queuePrefixOf(config.keyPrefix);
  const db = openDatabase({ url: config.mysqlUrl, connectionsMax: 2 });
  await migrate(db);

  const connection = openWorkingConnection(config.queueRedisUrl);
  const persist = new Queue('persist', { connection, prefix });
  const noop = new Queue('noop', { connection, prefix });
  await Promise.all([persist.pause(), noop.pause()]);
  const fleet = await startFleetProcesses({ env, processes: 1, logTo: 'inherit', say });

  return {
    config,
    db,
    persist,
    noop,
    openNoopWorker: (concurrency: number) =>
      openNoopWorker([config.queueRedisUrl, prefix, String(concurrency)]),

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

  async function readMysqlSettings() {
    const { rows } = await sql`
      select @@version as version, @@innodb_flush_log_at_trx_commit as flushLogAtCommit,
        @@log_bin as binaryLog, @@sync_binlog as syncBinaryLog,
        @@innodb_buffer_pool_size as bufferPoolBytes`.execute(db);
    return rows[0];
  }
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
