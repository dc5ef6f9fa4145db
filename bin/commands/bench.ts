import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { type Command, UsageError } from '../command.ts';

const BENCHES = [
  'persist',
  'recent-page',
  'http-ingest',
  'reach',
  'archive',
  'cold-page',
  'storage',
  'growth',
  'neighbours',
  'import',
  'summary',
  'stats',
];

/** A benchmark is a file of `bench/` that answers one question and names itself after it. */
export const bench: Command = {
  name: 'bench',
  summary:
    'Measures one thing against its yardstick: persist, recent-page, archive, storage and others',
  operands: 'NAME',
  flags: {
    rounds: { type: 'string', value: 'N', help: 'how often' },
    seconds: { type: 'string', value: 'N', help: 'how long it asks each server in a round' },
    json: { type: 'boolean', help: 'the figures as one JSON object on the last line' },
  },
  run([name, ...flags], { home, env }) {
    const file = join(home, 'bench', `${name}.ts`);
    if (name === undefined || !BENCHES.includes(name)) {
      throw new UsageError(`bench: name one of ${BENCHES.join(', ')}`);
    }
    const child = spawn(process.execPath, [file, ...flags], { cwd: home, env, stdio: 'inherit' });
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 130));
    return promise;
  },
};
