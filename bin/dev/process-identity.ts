import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

import { z } from 'zod';

/**
 * A process, told apart from a later one that was given the same id. `startedAt` is whatever the
 * system says of its start (clock ticks since boot on Linux, a date elsewhere): only compared.
 */
export const ProcessIdentity = z.object({ pid: z.int().min(1), startedAt: z.string() });
export type ProcessIdentity = z.infer<typeof ProcessIdentity>;

/** The process that has this id now; null if there is none, or only its unreaped remains. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | null> {
  const startedAt = process.platform === 'linux' ? await startInProc(pid) : await startFromPs(pid);
  return startedAt === null ? null : { pid, startedAt };
}

export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  const now = await identifyProcess(identity.pid);
  return now !== null && now.startedAt === identity.startedAt;
}

async function startInProc(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (stat === null) return null;
  // proc_pid_stat(5): the name, in parentheses, may hold blanks. State is field 3, threads 20,
  // start 22. While threads of a killed process still end, its ports and files are not free yet.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, threads, startedAt] = [fields[0], Number(fields[17]), fields[19]];
  return (state === 'Z' && threads <= 1) || !startedAt ? null : startedAt;
}

async function startFromPs(pid: number): Promise<string | null> {
  const args = ['-o', 'stat=,lstart=', '-p', String(pid)];
  const options = { env: { LC_ALL: 'C' } }; // The date is compared as it is written.
  const output = await promisify(execFile)('/bin/ps', args, options).catch(() => null);
  const [state, ...start] = output?.stdout.trim().split(/\s+/) ?? [];
  return !state || state.startsWith('Z') ? null : start.join(' ');
}
