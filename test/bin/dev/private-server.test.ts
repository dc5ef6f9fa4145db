import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { openServers } from '../../../bin/dev/servers.ts';
import { makeFolder } from './test-folder.ts';

const URLS = { MYSQL_URL: 'mysql://db.example', CACHE_REDIS_URL: 'redis://cache.example' };

describe('a server that does not start', () => {
  it('is explained by the end of its log', async () => {
    await expect(openWith('echo "no such module: camomile" >&2; exit 1')).rejects.toThrow(
      /queue-redis did not start; the end of its log:\n {2}no such module: camomile/,
    );
  });

  it('is tried on another port when somebody took its own meanwhile', async () => {
    const script = `if [ -e first ]; then [ "$(cat first)" != "$3" ] && echo another port
      else echo "$3" >first; echo 'bind: Address already in use'; fi; exit 1`;
    await expect(openWith(script)).rejects.toThrow('another port');
  });
});

/** Opens a queue's Redis that is a shell script. It is called with `redis.conf --port <port>`. */
async function openWith(script: string) {
  const folder = await makeFolder();
  const program = join(folder, 'redis-server');
  await writeFile(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const some = { ...URLS, REDIS_SERVER: program };
  return openServers({
    dir: join(folder, 'servers'),
    env: some,
    say: (line) => expect.fail(line),
    keepData: true,
  });
}
