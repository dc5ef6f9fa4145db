import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findFreePort } from '../bin/dev/free-port.ts';

/** An HTTP server under test, a process of its own. */
export interface BenchServer {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts the HTTP process of the house as production does, on a free port. */
export async function startDashboard(env: NodeJS.ProcessEnv): Promise<BenchServer> {
  const port = await findFreePort();
  const main = join(import.meta.dirname, '..', 'dashboard', 'main.ts');
  return startServer({ args: [main], port, env: { ...env, HTTP_PORT: String(port) } });
}

/** Starts a yardstick: a file of this folder, whose first argument is the port it is to take. */
export async function startYardstick(
  file: `express-${string}.ts`,
  args: readonly string[],
): Promise<BenchServer> {
  const port = await findFreePort();
  const main = join(import.meta.dirname, file);
  return startServer({ args: [main, String(port), ...args], port, env: process.env });
}

/** @returns When the process has said that it is ready. */
async function startServer(options: {
  args: readonly string[];
  port: number;
  env: NodeJS.ProcessEnv;
}): Promise<BenchServer> {
  const { args, port, env } = options;
  // For whoever wants a profile: `BENCH_NODE_FLAGS=--cpu-prof`.
  const nodeFlags = (env['BENCH_NODE_FLAGS'] ?? '').split(' ').filter(Boolean);
  const child = spawn(process.execPath, [...nodeFlags, ...args], {
    env: { ...env, NODE_ENV: 'production' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  const isReady = await Promise.race([once(child, 'message').then(() => true), ended]);
  if (isReady !== true || child.pid === undefined) throw new Error(`${args[0]} ended at its start`);
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Ticks of the clock that Linux counts the time of processes with, a second. */
const TICKS_PER_SECOND = 100;

/** Seconds of processor time a process has used so far; NaN where there is no /proc. */
export async function cpuSecondsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  // The name in parentheses may hold spaces. User time is the 12th field after it, system the 13th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Bytes of memory a process occupies now; NaN where there is no /proc. */
export async function memoryBytesOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1_024;
}
