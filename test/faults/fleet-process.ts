import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const [FLEET, HTTP] = ['workers', 'dashboard'].map((folder) =>
  join(import.meta.dirname, '../..', folder, 'main.ts'),
);
const [ARCHIVER, RUN_HOLDER] = ['archiver.ts', 'run-holder.ts'].map((file) =>
  join(import.meta.dirname, file),
);

/** One Fleet process, started as its container would; or one of HTTP. */
export interface FleetProcess {
  readonly pid: number;
  /** Everything it wrote so far. */
  output(): string;
  /** Resolves when jobs are being taken; rejects if the process ends instead. */
  readonly ready: Promise<void>;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  signal(name: NodeJS.Signals): void;
  /** Ends it at once, if it still runs. */
  kill(): Promise<void>;
}

/** @param env All it is told; of ours it gets nothing. */
export const spawnFleet = (env: Record<string, string>) => spawnEntry(FLEET ?? '', env);
/** The same for HTTP: where it listens, it tells at level info. */
export const spawnHttp = (env: Record<string, string>) => spawnEntry(HTTP ?? '', env);
/** One that archives all there is, and then ends by itself with 0. */
export const spawnArchiver = (env: Record<string, string>) => spawnEntry(ARCHIVER ?? '', env);
/** One that is at a run of the schedule, `RUN_NAME` due at `RUN_DUE_AT`, until it is killed. */
export const spawnRunHolder = (env: Record<string, string>) => spawnEntry(RUN_HOLDER ?? '', env);

function spawnEntry(main: string, env: Record<string, string>): FleetProcess {
  const child = spawn(process.execPath, [main], {
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  const ended = once(child, 'close').then(([code, signal]) => {
    return (code ?? signal) as number | NodeJS.Signals;
  });
  const diedEarly = ended.then((how) => {
    throw new Error(`the fleet process ended early (${how}): ${output}`);
  });
  const ready = Promise.race([once(child, 'message').then(() => {}), diedEarly]);
  ready.catch(() => {}); // Not every test waits for it.

  const { pid } = child;
  if (pid === undefined) throw new Error('the fleet process could not be started');
  return {
    pid,
    output: () => output,
    ready,
    ended,
    signal: (name) => void child.kill(name),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
