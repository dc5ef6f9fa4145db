/** Opens the servers of the folder it is given, prints what it got, and holds on to stdin's end. */
import { text } from 'node:stream/consumers';

import { openServers } from '../../../bin/dev/servers.ts';

const servers = await openServers({
  dir: process.argv[2] ?? '',
  env: process.env,
  say: (line) => process.stderr.write(`${line}\n`),
  keepData: true,
});
process.stdout.write(`${JSON.stringify(servers)}\n`);
await text(process.stdin);
await servers.release();
