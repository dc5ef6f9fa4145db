import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const HOME = join(import.meta.dirname, '../../.camadas/node22');
const PACKAGE = join(HOME, 'node_modules/node');
const PROGRAM = join(PACKAGE, 'bin/node');

/** What programs of a test see: this very Node before any other. */
export const env: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`,
};

/** The oldest Node the package is for; fetched once, as `scripts.sh` fetches Node 24. */
export async function provideNode22(): Promise<string> {
  if (existsSync(PROGRAM)) return PROGRAM;
  const flags = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  await run('npm', ['install', '--prefix', HOME, ...flags, 'node@22'], { env });
  // Its own script fetches the program for this machine; npm may be set not to run it.
  await run(process.execPath, ['installArchSpecificPackage'], { cwd: PACKAGE, env });
  return PROGRAM;
}
