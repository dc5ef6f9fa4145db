import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Command } from '../command.ts';

/** Everything behind the name goes to vitest as it is. */
export const test: Command = {
  name: 'test',
  summary: 'Runs the tests on real servers; what follows goes to vitest, e.g. a file or -t NAME',
  operands: '[FILE…]',
  flags: {},
  run(args, { home, env }) {
    const vitest = join(home, 'node_modules', 'vitest', 'vitest.mjs');
    const child = spawn(process.execPath, [vitest, 'run', ...args], {
      cwd: home,
      env,
      stdio: 'inherit',
    });
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 130));
    return promise;
  },
};
