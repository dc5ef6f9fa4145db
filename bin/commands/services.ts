import { join } from 'node:path';
import { z } from 'zod';
import { defineCommand, jsonFlag } from '../command.ts';
import { serversStatus, stopServers } from '../dev/servers.ts';
import { table } from '../table.ts';

export const services = defineCommand({
  name: 'services',
  summary: 'Shows or stops the private servers of this checkout',
  operands: 'status|stop',
  flags: jsonFlag,
  schema: z.object({
    operands: z.tuple([z.enum(['status', 'stop'])], { error: 'must be status or stop' }),
    json: z.boolean().default(false),
  }),
  async run({ operands: [action], json }, { home, print }) {
    const dir = join(home, '.camadas', 'servers');
    const servers = action === 'stop' ? await stopServers(dir) : await serversStatus(dir);
    if (json) {
      print(JSON.stringify({ [action === 'stop' ? 'stopped' : 'running']: servers }));
      return 0;
    }
    if (servers.length === 0) {
      print('no private server is running');
      return 0;
    }
    const rows = servers.map(({ name, version, url }) => [name, version ?? '', url]);
    print(table([action === 'stop' ? 'stopped' : 'running', 'version', 'url'], rows));
    return 0;
  },
});
