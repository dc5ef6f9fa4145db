import { rm } from 'node:fs/promises';
import { findRunning } from '../../bin/dev/private-server.ts';
import { openServers } from '../../bin/dev/servers.ts';
import { askRedis } from '../bin/dev/asking.ts';
import { newFolderPath } from '../bin/dev/test-folder.ts';

export type PrivateRedis = Awaited<ReturnType<typeof openPrivateRedis>>;

/** A queue's Redis of a test's own: to be stopped, frozen or filled without harm to the others. */
export async function openPrivateRedis() {
  const dir = newFolderPath();
  const others = { MYSQL_URL: 'mysql://db.example', CACHE_REDIS_URL: 'redis://cache.example' };
  const env = { ...process.env, ...others, QUEUE_REDIS_URL: '' };
  const open = () => openServers({ dir, env, say: () => {}, keepData: true });

  let servers = await open();
  const url = servers.queueRedisUrl;
  const signal = async (name: 'SIGSTOP' | 'SIGCONT') => {
    const running = await findRunning(dir, 'queue-redis');
    if (running) process.kill(running.pid, name);
  };

  return {
    url,
    ask: (command: string, ...args: string[]) => askRedis(url, command, ...args),
    stop: () => servers.release(),
    /** Where it was before, with all it held. */
    async start(): Promise<void> {
      servers = await open();
      if (servers.queueRedisUrl !== url) throw new Error('its port was taken meanwhile');
    },
    /** Alive, and its connections open, but silent. */
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    async close(): Promise<void> {
      await signal('SIGCONT');
      await servers.release();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
