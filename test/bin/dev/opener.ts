import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { expect } from 'vitest';
import { z } from 'zod';

const Opened = z.object({
  mysqlUrl: z.string(),
  queueRedisUrl: z.string(),
  cacheRedisUrl: z.string(),
  running: z.array(z.object({ startedNow: z.boolean() })),
});

/** Another process that opens the servers of a folder, and holds them until it is told. */
export async function startOpener(dir: string, env: NodeJS.ProcessEnv) {
  const script = join(import.meta.dirname, 'opener-process.ts');
  const child = spawn(process.execPath, [script, dir], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines = createInterface(child.stdout);
  const line = await Promise.race([once(lines, 'line'), exited.then(() => null)]);
  if (line === null) throw new Error('the opener ended: see its error above');
  return {
    servers: Opened.parse(JSON.parse(String(line[0]))),
    async end() {
      child.stdin.end();
      expect(await exited).toEqual([0, null]);
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
