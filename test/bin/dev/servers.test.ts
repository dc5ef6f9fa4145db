import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';

import { openServers, serversStatus, stopServers } from '../../../bin/dev/servers.ts';
import type { Servers } from '../../../bin/dev/servers.ts';
import { askMysql, askRedis } from './asking.ts';
import { startOpener } from './opener.ts';
import { newFolderPath, START } from './test-folder.ts';

const NAMED = {
  MYSQL_URL: 'mysql://ana:secret@db.example:3306/chat',
  QUEUE_REDIS_URL: 'redis://:secret@queue.example:6379',
  CACHE_REDIS_URL: 'redis://:secret@cache.example:6379/1',
};
/** Whatever this machine has, but nothing that already runs. */
const env = { ...process.env, MYSQL_URL: '', QUEUE_REDIS_URL: '', CACHE_REDIS_URL: '' };
/** MySQL is initialised once, for all tests. */
const dir = newFolderPath();

const open = (keepData = true) => openServers({ dir, env, say: () => {}, keepData });
/** Opens the servers until the end of the test. */
async function openForTest(): Promise<Servers> {
  const servers = await open();
  onTestFinished(() => servers.release());
  return servers;
}

afterAll(async () => {
  await stopServers(dir);
  await (await open(false)).release(); // Deletes the folder.
}, START.timeout);

describe('a server that the environment names', () => {
  it('is used as it is, and nothing is started', async () => {
    const unused = newFolderPath();
    const servers = await openServers({
      dir: unused,
      env: NAMED,
      say: (line) => expect.fail(line),
      keepData: true,
    });
    expect(servers.mysqlUrl).toBe(NAMED.MYSQL_URL);
    expect(servers.queueRedisUrl).toBe(NAMED.QUEUE_REDIS_URL);
    expect(servers.cacheRedisUrl).toBe(NAMED.CACHE_REDIS_URL);
    await servers.release();
    await expect(access(unused)).rejects.toThrow('ENOENT');
  });

  it('is shown without its password', async () => {
    const servers = await openServers({
      dir,
      env: NAMED,
      say: (line) => expect.fail(line),
      keepData: true,
    });
    expect(servers.running).toContainEqual({
      name: 'mysql',
      version: null,
      url: 'mysql://ana@db.example:3306/chat',
      origin: 'MYSQL_URL',
      startedNow: false,
    });
    expect(JSON.stringify(servers.running)).not.toContain('secret');
  });

  it('leaves the others private', START, async () => {
    const some = { ...env, MYSQL_URL: NAMED.MYSQL_URL };
    const servers = await openServers({ dir, env: some, say: () => {}, keepData: true });
    onTestFinished(() => servers.release());
    expect(servers.mysqlUrl).toBe(NAMED.MYSQL_URL);
    const running = await serversStatus(dir);
    expect(running.map(({ name }) => name)).toEqual(['queue-redis', 'cache-redis']);
  });
});

describe('private servers', () => {
  it('are started once by two processes that open them at once', START, async () => {
    const [one, two] = await Promise.all([startOpener(dir, env), startOpener(dir, env)]);
    for (const url of ['mysqlUrl', 'queueRedisUrl', 'cacheRedisUrl'] as const) {
      expect(one.servers[url]).toBe(two.servers[url]);
    }
    const startedNow = [one, two].map(({ servers }) => servers.running.map((s) => s.startedNow));
    expect(startedNow).toContainEqual([true, true, true]);
    expect(startedNow).toContainEqual([false, false, false]);
    await Promise.all([one.end(), two.end()]);
    expect(await serversStatus(dir)).toEqual([]);
  });

  it('survive a user that dies, who counts no more', START, async () => {
    const dying = await startOpener(dir, env);
    await dying.kill();
    expect(await serversStatus(dir)).toHaveLength(3);
    const servers = await open();
    expect(servers.running.map(({ startedNow }) => startedNow)).toEqual([false, false, false]);
    await servers.release();
    expect(await serversStatus(dir)).toEqual([]);
  });

  it('run until the last user has gone', START, async () => {
    const [first, last] = [await open(), await open()];
    await first.release();
    await first.release(); // A second time: must not count as somebody else.
    expect(await serversStatus(dir)).toHaveLength(3);
    await last.release();
    expect(await serversStatus(dir)).toEqual([]);
  });

  it('keep data, ports and passwords', START, async () => {
    const before = await open();
    await store(before, 'Cadê o meu pedido? 📦');
    await before.release();
    const after = await openForTest();
    expect(await stored(after)).toEqual({ mysql: 'Cadê o meu pedido? 📦', queue: 'kept' });
    expect(after.mysqlUrl).toBe(before.mysqlUrl);
    expect(after.queueRedisUrl).toBe(before.queueRedisUrl);
  });

  it('are started again with their data after kill -9', START, async () => {
    const before = await openForTest();
    await store(before, 'acknowledged');
    await killServer('mysql');
    await killServer('queue-redis');
    const after = await openForTest();
    expect(after.running.map(({ startedNow }) => startedNow)).toEqual([true, true, false]);
    expect(await stored(after)).toEqual({ mysql: 'acknowledged', queue: 'kept' });
    expect(after.mysqlUrl).toBe(before.mysqlUrl);
  });

  it('stop when told to, whoever uses them', START, async () => {
    await openForTest();
    expect((await stopServers(dir)).map(({ name }) => name)).toEqual([
      'mysql',
      'queue-redis',
      'cache-redis',
    ]);
    expect(await serversStatus(dir)).toEqual([]);
    expect(await stopServers(dir)).toEqual([]);
  });

  it('leave nothing behind when their data are not kept', START, async () => {
    const own = newFolderPath();
    const some = { ...env, MYSQL_URL: NAMED.MYSQL_URL };
    const servers = await openServers({ dir: own, env: some, say: () => {}, keepData: false });
    await servers.release();
    await expect(access(own)).rejects.toThrow('ENOENT');
  });
});

async function store(servers: Servers, content: string): Promise<void> {
  await askMysql(servers.mysqlUrl, 'CREATE TABLE IF NOT EXISTS kept (content TEXT)');
  await askMysql(servers.mysqlUrl, 'DELETE FROM kept');
  await askMysql(servers.mysqlUrl, `INSERT INTO kept VALUES ('${content}')`);
  await askRedis(servers.queueRedisUrl, 'SET', 'word', 'kept');
}

async function stored(servers: Servers): Promise<{ mysql: unknown; queue: unknown }> {
  const [row] = await askMysql(servers.mysqlUrl, 'SELECT content FROM kept');
  return { mysql: row?.['content'], queue: await askRedis(servers.queueRedisUrl, 'GET', 'word') };
}

/** Kills a server; resolves when it is gone. */
async function killServer(name: string): Promise<void> {
  const record = JSON.parse(await readFile(join(dir, name, 'server.json'), 'utf8'));
  process.kill(z.object({ pid: z.int() }).parse(record).pid, 'SIGKILL');
  await expect
    .poll(async () => (await serversStatus(dir)).map((server) => server.name), { timeout: 10_000 })
    .not.toContain(name);
}
