import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';

import { identifyProcess } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

/**
 * Starts a program that outlives this process and its Ctrl-C, and is never started unrecorded.
 *
 * A shell takes the program's place beforehand and waits for our word, which is given once `record`
 * is done. If we are killed in between, the word never comes and nothing starts.
 */
export async function launch(
  command: { binary: string; args: readonly string[]; folder: string; env: NodeJS.ProcessEnv },
  options: { logPath: string; record(identity: ProcessIdentity): Promise<void> },
): Promise<ProcessIdentity> {
  const log = await open(options.logPath, 'a', 0o600);
  try {
    const script = 'umask 077; read -r go && exec "$0" "$@" </dev/null';
    const child = spawn('/bin/sh', ['-c', script, command.binary, ...command.args], {
      cwd: command.folder,
      env: command.env,
      detached: true, // A process group of its own, which the terminal's Ctrl-C does not reach.
      stdio: ['pipe', log.fd, log.fd],
    });
    child.on('error', () => {}); // No pid then, which is told below.
    child.stdin?.on('error', () => {}); // It died early: its log says why.
    const identity = child.pid === undefined ? null : await identifyProcess(child.pid);
    if (!identity) throw new Error(`${command.binary} could not be started`);
    await options.record(identity);
    child.stdin?.end('go\n');
    child.unref();
    return identity;
  } finally {
    await log.close();
  }
}
