import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Command } from '../command.ts';

/** About an hour on two cores. */
const SOAK = { HISTORIES: '100000', KILLS: '50' };
const SOAKED = ['test/db/histories', 'test/faults/archive.test.ts'];

/** Everything behind the name goes to vitest as it is. */
export const test: Command = {
  name: 'test',
  summary: 'Runs the tests on real servers; what follows goes to vitest, e.g. a file or -t NAME',
  operands: '[FILE…]',
  flags: {
    soak: {
      type: 'boolean',
      help: 'a long run of what is random: histories, deaths of the archiver',
    },
  },
  run(given, { home, env: own }) {
    const isSoak = given.includes('--soak');
    const args = isSoak ? [...given.filter((arg) => arg !== '--soak'), ...SOAKED] : given;
    const env = isSoak ? { ...SOAK, ...own } : own;
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
