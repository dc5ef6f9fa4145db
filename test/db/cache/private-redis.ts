import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';
import { z } from 'zod';
import { openServers } from '../../../bin/dev/servers.ts';
import { newFolderPath } from '../../bin/dev/test-folder.ts';

export type PrivateRedis = Awaited<ReturnType<typeof openPrivateRedis>>;

/** A Redis for caches that nobody else uses: it may be killed, stopped and started again. */
export async function openPrivateRedis() {
  const dir = newFolderPath();
  const env = { ...process.env, ...inject('serverUrls'), CACHE_REDIS_URL: '' };
  const start = () => openServers({ dir, env, say: () => {}, keepData: false });
  const uses = [await start()];

  return {
    url: uses[0]?.cacheRedisUrl ?? '',
    async signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
      const record = await readFile(join(dir, 'cache-redis', 'server.json'), 'utf8');
      process.kill(z.object({ pid: z.int() }).parse(JSON.parse(record)).pid, name);
    },
    /** Starts it again after it was killed: at the same place, empty. */
    async restart(): Promise<void> {
      uses.push(await start());
    },
    async close(): Promise<void> {
      for (const use of uses) await use.release();
    },
  };
}
