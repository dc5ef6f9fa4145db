import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ROLES } from '../domain/message.ts';

const Sample = z.object({
  id: z.string(),
  lang: z.enum(['pt', 'en']),
  company: z.string(),
  client: z.string(),
  turns: z.array(z.object({ role: z.enum(ROLES), text: z.string() })).min(1),
});
export type Sample = z.infer<typeof Sample>;

/** The conversations of the demo, written for this project, in Portuguese and English. */
export function readSamples(): Sample[] {
  return ['pt', 'en'].flatMap((lang) => {
    const file = join(import.meta.dirname, 'samples', `${lang}.jsonl`);
    const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
    return lines.map((line) => Sample.parse(JSON.parse(line)));
  });
}
