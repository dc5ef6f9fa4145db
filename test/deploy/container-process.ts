import { spawn } from 'node:child_process';

export type ContainerProcess = ReturnType<typeof runAsContainer>;

/** Runs `node …` as a container does: with this environment and no other. */
export function runAsContainer(
  [, ...args]: readonly string[],
  options: { cwd: string; env: Record<string, string> },
) {
  const child = spawn(process.execPath, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  }
  const { promise: ended, resolve } = Promise.withResolvers<number | null>();
  child.once('close', resolve);
  return {
    /** Everything it wrote so far. */
    said: () => said,
    /** Its exit code; null if a signal ended it. */
    ended,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    kill: (signal: NodeJS.Signals) => void child.kill(signal),
  };
}
