import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { defineCommand } from '../command.ts';
import { fillSecrets } from '../env-file.ts';

export const env = defineCommand({
  name: 'env',
  summary: 'Writes the secrets that docker-compose.yml asks for into .env, those that are missing',
  flags: {
    force: { type: 'boolean', help: 'make all of them anew, also those that are there' },
  },
  schema: z.object({
    operands: z.tuple([], { error: 'takes no arguments' }),
    force: z.boolean().default(false),
  }),
  async run({ force }, { home, say }) {
    const path = join(home, '.env');
    const before = await readIfThere(path);
    const { text, made } = fillSecrets(before ?? '', force ? 'all' : 'none');
    if (made.length === 0) {
      say(`${path} has every secret, and stays as it is; --force makes new ones. ${OF_VOLUMES}`);
      return 0;
    }
    await replaceFile(path, text);
    // The names alone: who looks over a shoulder or keeps logs is not to learn a secret.
    say(`${path} has new secrets, for its owner's eyes only: ${made.join(', ')}`);
    if (force && before !== null) say(OF_VOLUMES);
    return 0;
  },
});

const OF_VOLUMES =
  'A server whose volume exists keeps the MySQL and Grafana passwords it was made with: ' +
  'change them there too (docs/deploy.md).';

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** At once, so that nothing reads half of it, and with mode 0600, whatever the old file had. */
async function replaceFile(path: string, text: string): Promise<void> {
  await rm(`${path}.new`, { force: true }); // Of a run that was cut off.
  await writeFile(`${path}.new`, text, { mode: 0o600, flag: 'wx' });
  await rename(`${path}.new`, path);
}
