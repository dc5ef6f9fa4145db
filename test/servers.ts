import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { openServers } from '../bin/dev/servers.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    serverUrls: { MYSQL_URL: string; QUEUE_REDIS_URL: string; CACHE_REDIS_URL: string };
  }
}

/** One set of real servers for the whole run. Each test file makes its own database in them. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const home = join(import.meta.dirname, '..', '.camadas');
  await mkdir(home, { recursive: true });
  const dir = await mkdtemp(join(home, 'test-'));
  const servers = await openServers({ dir, env: process.env, say, keepData: false });
  for (const { name, version, origin } of servers.running) {
    say(`${name}: ${version ?? 'as it is'} (${origin})`);
  }
  project.provide('serverUrls', {
    MYSQL_URL: servers.mysqlUrl,
    QUEUE_REDIS_URL: servers.queueRedisUrl,
    CACHE_REDIS_URL: servers.cacheRedisUrl,
  });
  return servers.release;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
