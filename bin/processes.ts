import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

export interface Processes {
  readonly pids: readonly number[];
  /** Drains all processes and waits for their end. */
  stop(): Promise<void>;
}

export interface ProcessesOptions {
  /** Which of the two kinds, by its file. */
  readonly entry: 'workers/main.ts' | 'dashboard/main.ts';
  readonly env: NodeJS.ProcessEnv;
  readonly count: number;
  /** Where their log lines go: this process's standard output, or an open file. */
  readonly logTo: 'inherit' | number;
  say(line: string): void;
}

const RESTART_PAUSE_MS = 1_000;

/**
 * Runs processes of one kind and starts those anew that die.
 *
 * @returns When all of them have taken up work.
 * @throws Error If one ends before; its log says why.
 */
export async function startProcesses(options: ProcessesOptions): Promise<Processes> {
  const { entry } = options;
  const children = new Set<ChildProcess>();
  let isStopping = false;

  async function stop(): Promise<void> {
    isStopping = true;
    const ended = [...children].map((child) => ending(child));
    for (const child of children) child.kill('SIGTERM');
    await Promise.all(ended);
  }

  async function startOne(): Promise<void> {
    if (isStopping) return;
    const child = spawnEntry(options);
    children.add(child);
    try {
      await taking(child);
    } catch (error) {
      children.delete(child);
      throw error;
    }
    child.once('exit', (code, signal) => {
      children.delete(child);
      if (isStopping) return;
      options.say(`${entry} (${child.pid}) ended (${signal ?? code}); starting it again`);
      setTimeout(() => void startOne().catch(giveUp), RESTART_PAUSE_MS);
    });
  }

  function giveUp(error: unknown): void {
    if (isStopping) return;
    options.say(`${error instanceof Error ? error.message : String(error)}; trying again`);
    setTimeout(() => void startOne().catch(giveUp), RESTART_PAUSE_MS);
  }

  try {
    await Promise.all(Array.from({ length: options.count }, startOne));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    get pids() {
      return [...children].flatMap((child) => child.pid ?? []);
    },
    stop,
  };
}

function spawnEntry({ entry, env, logTo }: ProcessesOptions): ChildProcess {
  const main = join(import.meta.dirname, '..', entry);
  // A group of its own: Ctrl-C reaches us alone, and we tell them to drain, once.
  return spawn(process.execPath, [main], {
    env,
    stdio: ['ignore', logTo, logTo === 'inherit' ? 'inherit' : logTo, 'ipc'],
    detached: true,
  });
}

function taking(child: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  child.once('message', () => resolve());
  child.once('error', reject);
  child.once('exit', (code) => reject(new Error(`a process ended at its start (${code})`)));
  return promise;
}

function ending(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}
