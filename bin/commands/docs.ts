import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { defineCommand } from '../command.ts';
import { GENERATED } from '../generated-docs.ts';

export const docs = defineCommand({
  name: 'docs',
  summary: 'Writes the pages of docs/ that are made from code',
  flags: { check: { type: 'boolean', help: 'write nothing; exit with 1 if some are out of date' } },
  schema: z.object({
    check: z.boolean().default(false),
    operands: z.tuple([], { error: 'takes no arguments' }),
  }),
  async run({ check }, { home, print, say }) {
    let stale = 0;
    for (const { path, text } of GENERATED) {
      const file = join(home, path);
      if ((await readFile(file, 'utf8').catch(() => null)) === text()) continue;
      stale += 1;
      if (!check) {
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, text());
      }
      print(check ? `${path} is out of date` : `${path} written`);
    }
    if (check && stale > 0) say('run ./scripts.sh docs, and commit what it writes');
    return check && stale > 0 ? 1 : 0;
  },
});
