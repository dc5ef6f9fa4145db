import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { findInFolders, foldersOnPath } from './find-binary.ts';

const run = promisify(execFile);

/** How long to wait for another apt, in seconds: the same for its two kinds of lock. */
const LOCK_SECONDS_MAX = 120;
const POLL_MS = 500;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

/** Installs packages of a Debian system; fails with apt's own words. */
export type InstallPackages = (packages: readonly string[]) => Promise<void>;

/** Null where there is no apt-get, or no right to use it without asking for a password. */
export async function findApt(env: NodeJS.ProcessEnv): Promise<InstallPackages | null> {
  const folders = foldersOnPath(env);
  const aptGet = await findInFolders('apt-get', folders);
  if (!aptGet) return null;
  // sudo hands on no variables, so they are set by env(1), which it starts.
  const command = ['/usr/bin/env', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C', aptGet];
  if (process.getuid?.() === 0) return (packages) => install(command, packages);
  const sudo = await findInFolders('sudo', folders);
  if (!sudo || !(await succeeds(sudo, ['-n', 'true']))) return null;
  return (packages) => install([sudo, '-n', ...command], packages);
}

async function install(command: readonly string[], packages: readonly string[]): Promise<void> {
  const request = ['install', '-y', '-q', '--no-install-recommends', ...packages];
  try {
    await apt(command, request);
  } catch {
    // A machine just made has no package lists, and one long unused has old ones.
    await apt(command, ['update', '-q']);
    await apt(command, request);
  }
}

/** Runs apt-get once no other apt runs: it waits for dpkg's lock by itself, not for its own ones. */
async function apt(command: readonly string[], args: readonly string[]): Promise<void> {
  const [program = '', ...before] = command;
  const all = [...before, '-o', `DPkg::Lock::Timeout=${LOCK_SECONDS_MAX}`, ...args];
  const deadline = Date.now() + LOCK_SECONDS_MAX * 1000;
  for (;;) {
    try {
      await run(program, all, { maxBuffer: OUTPUT_BYTES_MAX });
      return;
    } catch (error) {
      const words = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
      if (!/could not get lock|unable to lock/i.test(words) || Date.now() > deadline) {
        throw new Error(`apt-get ${args.join(' ')} failed: ${words}`, { cause: error });
      }
    }
    await sleep(POLL_MS);
  }
}

async function succeeds(program: string, args: readonly string[]): Promise<boolean> {
  return run(program, args).then(
    () => true,
    () => false,
  );
}
