import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { findBinary, type Program } from '../../bin/dev/find-binary.ts';
import { findFreePort } from '../../bin/dev/free-port.ts';
import { askMysql, askRedis } from '../bin/dev/asking.ts';
import { START } from '../bin/dev/test-folder.ts';
import { eventually } from '../house.ts';
import { readServices, SECRETS_OF_TESTS } from './compose-file.ts';
import { type ContainerProcess, runAsContainer } from './container-process.ts';
import { openStack, type Stack } from './stack.ts';

const ROOT = join(import.meta.dirname, '../..');
const services = readServices(SECRETS_OF_TESTS);
/** What Compose allows them at their start. */
const HEALTHY_MS_MAX = 60_000;

let stack: Stack;
beforeAll(async () => void (stack = await openStack()), START.timeout);
afterAll(() => stack?.close(), START.timeout);

describe("the queue's Redis, from its command line", () => {
  it.each([
    ['maxmemory-policy', 'noeviction'],
    ['maxmemory', String(2 * 1024 ** 3)],
    ['appendonly', 'yes'],
    ['appendfsync', 'always'],
    ['no-appendfsync-on-rewrite', 'no'],
    ['save', ''],
  ])('has %s %s', async (name, value) => {
    const answer = await askRedis(stack.queueRedisUrl, 'CONFIG', 'GET', name);
    expect(answer).toEqual([name, value]);
  });
});

describe("the cache's Redis, from its command line", () => {
  it.each([
    ['maxmemory-policy', 'allkeys-lru'],
    ['maxmemory', String(256 * 1024 ** 2)],
    ['appendonly', 'no'],
    ['save', ''],
  ])('has %s %s', async (name, value) => {
    const answer = await askRedis(stack.cacheRedisUrl, 'CONFIG', 'GET', name);
    expect(answer).toEqual([name, value]);
  });
});

const CLI: Program = {
  label: 'client of Redis or Valkey',
  variable: 'REDIS_CLI',
  names: ['redis-cli', 'valkey-cli'],
  aptPackage: 'redis-tools',
  brewPackage: 'redis',
};
/** Null where only the server is installed; the containers have it beside the server. */
const redisCli = await findBinary(CLI, process.env);

describe('each Redis', () => {
  it.each(['queue-redis', 'cache-redis'])('%s wants a password, and shows none', async (name) => {
    const url = new URL(name === 'queue-redis' ? stack.queueRedisUrl : stack.cacheRedisUrl);
    const { password } = url;
    url.password = '';
    await expect(askRedis(url.href, 'PING')).rejects.toThrow('NOAUTH');

    const pid = String(stack.pidOf(name));
    const shown = execFileSync('ps', ['-o', 'args=', '-p', pid], { encoding: 'utf8' });
    expect(shown).toContain('redis');
    expect(shown).not.toContain(password);
  });
});

describe.skipIf(redisCli === null)('the health check of each Redis', () => {
  it.each(['queue-redis', 'cache-redis'])('%s passes with its password alone', async (name) => {
    const { environment = {}, healthcheck } = services[name] ?? {};
    const [, , ...args] = healthcheck?.test ?? [];
    const port = new URL(name === 'queue-redis' ? stack.queueRedisUrl : stack.cacheRedisUrl).port;
    const ask = (env: Record<string, string>) => {
      const PATH = process.env['PATH'];
      return spawnSync(redisCli ?? '', ['-p', port, ...args], { env: { PATH, ...env } }).status;
    };

    expect(ask(environment)).toBe(0);
    expect(ask({})).not.toBe(0);
  });
});

describe('MySQL, from its command line', () => {
  it('is durable, strict, in UTC, and has room', async () => {
    const [row] = await askMysql(
      stack.mysqlUrl,
      `SELECT @@innodb_flush_log_at_trx_commit flush, @@sync_binlog sync, @@global.sql_mode mode,
        @@time_zone zone, @@character_set_server charset, @@innodb_buffer_pool_size pool,
        @@binlog_expire_logs_seconds expire`,
    );
    expect(row).toEqual({
      flush: 1,
      sync: 1,
      mode:
        'STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,' +
        'ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',
      zone: '+00:00',
      charset: 'utf8mb4',
      pool: 1024 ** 3,
      expire: 3 * 86_400,
    });
  });
});

describe('the containers of ours, from their command lines', START, () => {
  it('migrate makes the tables and ends well, and well again when there is nothing to do', async () => {
    for (const words of ['"name":"0001_names"', 'the schema is up to date']) {
      const migrate = start('migrate', {});
      expect(await migrate.ended).toBe(0);
      expect(migrate.said()).toContain(words);
    }
    const tables = await askMysql(stack.mysqlUrl, "SHOW TABLES LIKE 'messages_hot'");
    expect(tables).toHaveLength(1);
  });

  it('migrate ends badly where a promise would be broken, so that nothing starts after it', async () => {
    const queueIsCache = { QUEUE_REDIS_URL: stack.cacheRedisUrl };
    const migrate = start('migrate', queueIsCache);
    expect(await migrate.ended).toBe(1);
    expect(migrate.said()).toContain('may evict jobs');
  });

  it.each([
    ['fleet', 'METRICS'],
    ['dashboard', 'HTTP'],
  ])(
    '%s becomes healthy by its own check, and ends well when it is told to',
    async (name, part) => {
      const port = await findFreePort();
      const place = { [`${part}_HOST`]: '127.0.0.1', [`${part}_PORT`]: String(port) };
      const container = start(name, place);

      await eventually(
        async () => ({ health: await probe(name, port), said: container.said() }),
        ({ health }) => health === 0 || container.hasEnded(),
        HEALTHY_MS_MAX,
      );
      container.kill('SIGTERM');

      expect(await container.ended).toBe(0);
      expect(await probe(name, port)).toBe(1);
    },
  );
});

/** A container of ours, but for where it listens. */
function start(name: string, place: Record<string, string>): ContainerProcess {
  const env = { ...stack.environmentOf(name), ...place };
  const container = runAsContainer(services[name]?.command ?? [], { cwd: ROOT, env });
  onTestFinished(() => container.kill('SIGKILL'));
  return container;
}

/** The exit code of the container's health check, asked where the process really listens. */
async function probe(name: string, port: number): Promise<number | null> {
  const [, ...command] = services[name]?.healthcheck?.test ?? [];
  const moved = command.map((word) => word.replace(/(:\/\/127\.0\.0\.1):\d+/, `$1:${port}`));
  return runAsContainer(moved, { cwd: ROOT, env: {} }).ended;
}
