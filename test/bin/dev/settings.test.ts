import { createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openServers } from '../../../bin/dev/servers.ts';
import type { Servers } from '../../../bin/dev/servers.ts';
import { askMysql, askRedis } from './asking.ts';
import { newFolderPath, START } from './test-folder.ts';

/** Whatever this machine has, but nothing that already runs. */
const env = { ...process.env, MYSQL_URL: '', QUEUE_REDIS_URL: '', CACHE_REDIS_URL: '' };

describe('the settings in force', () => {
  let servers: Servers;
  beforeAll(async () => {
    servers = await openServers({ dir: newFolderPath(), env, say: () => {}, keepData: false });
  }, START.timeout);
  afterAll(() => servers.release(), START.timeout);

  it('make MySQL durable, strict and UTC', async () => {
    const [row] = await askMysql(
      servers.mysqlUrl,
      `SELECT @@innodb_flush_log_at_trx_commit flush, @@sync_binlog sync, @@global.sql_mode mode,
        @@time_zone zone, @@character_set_server charset, @@innodb_buffer_pool_size pool,
        @@max_connections connections, @@performance_schema performance, @@bind_address address`,
    );
    expect(row).toEqual({
      flush: 1,
      sync: 1,
      mode:
        'STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,' +
        'ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',
      zone: '+00:00',
      charset: 'utf8mb4',
      pool: 512 * 1024 * 1024,
      connections: 200,
      performance: 0,
      address: '127.0.0.1',
    });
  });

  it('let nobody in without a password', async () => {
    const { hostname: host, port } = new URL(servers.mysqlUrl);
    for (const user of ['root', 'camadas', '']) {
      const entering = createConnection({ host, port: Number(port), user });
      await expect(entering).rejects.toThrow('Access denied');
    }
    const withoutPassword = servers.queueRedisUrl.replace(/:[^:]*@/, '');
    await expect(askRedis(withoutPassword, 'PING')).rejects.toThrow('NOAUTH');
  });

  it('let the user make databases camadas_…, and no others', async () => {
    await askMysql(servers.mysqlUrl, 'CREATE DATABASE camadas_of_a_test');
    await askMysql(servers.mysqlUrl, 'DROP DATABASE camadas_of_a_test');
    await expect(askMysql(servers.mysqlUrl, 'CREATE DATABASE other')).rejects.toThrow('denied');
  });

  it.each([
    ['maxmemory-policy', 'noeviction'],
    ['appendonly', 'yes'],
    ['appendfsync', 'always'],
    ['no-appendfsync-on-rewrite', 'no'],
    ['save', ''],
    ['bind', '127.0.0.1'],
  ])('give the queue %s %s', async (name, value) => {
    const answer = await askRedis(servers.queueRedisUrl, 'CONFIG', 'GET', name);
    expect(answer).toEqual([name, value]);
  });

  it.each([
    ['maxmemory', String(256 * 1024 * 1024)],
    ['maxmemory-policy', 'allkeys-lru'],
    ['appendonly', 'no'],
    ['save', ''],
  ])('give the cache %s %s', async (name, value) => {
    const answer = await askRedis(servers.cacheRedisUrl, 'CONFIG', 'GET', name);
    expect(answer).toEqual([name, value]);
  });
});
