import { join } from 'node:path';
import { z } from 'zod';
import { type Context, defineCommand, jsonFlag } from '../command.ts';
import { openServers, serversStatus, stopServers } from '../dev/servers.ts';
import { archiveUrlOf } from '../installation.ts';
import { table } from '../table.ts';

export const services = defineCommand({
  name: 'services',
  summary: 'Shows or stops the private servers of this checkout, or prints their URLs for a shell',
  operands: 'status|stop|env',
  flags: jsonFlag,
  schema: z.object({
    operands: z.tuple([z.enum(['status', 'stop', 'env'])], {
      error: 'must be status, stop or env',
    }),
    json: z.boolean().default(false),
  }),
  async run({ operands: [action], json }, context) {
    const dir = join(context.home, '.camadas', 'servers');
    if (action === 'env') return printUrls(dir, json, context);

    const servers = action === 'stop' ? await stopServers(dir) : await serversStatus(dir);
    const title = action === 'stop' ? 'stopped' : 'running';
    if (json) context.print(JSON.stringify({ [title]: servers }));
    else if (servers.length === 0) context.print('no private server is running');
    else {
      const rows = servers.map(({ name, version, url }) => [name, version ?? '', url]);
      context.print(table([title, 'version', 'url'], rows));
    }
    return 0;
  },
});

/** With passwords, for a program of one's own: `eval "$(./scripts.sh services env)"`. */
async function printUrls(dir: string, isJson: boolean, context: Context): Promise<number> {
  const running = await serversStatus(dir);
  if (running.length === 0) {
    context.say('no private server is running; ./scripts.sh start starts them');
    return 1;
  }
  const { env, say, print } = context;
  const servers = await openServers({ dir, env, say, keepData: true });
  const urls = {
    MYSQL_URL: servers.mysqlUrl,
    QUEUE_REDIS_URL: servers.queueRedisUrl,
    CACHE_REDIS_URL: servers.cacheRedisUrl,
    ARCHIVE_URL: archiveUrlOf(context),
  };
  await servers.release();
  if (isJson) print(JSON.stringify(urls));
  else {
    for (const [name, url] of Object.entries(urls)) {
      if (url !== undefined) print(`export ${name}='${url}'`);
    }
  }
  return 0;
}
