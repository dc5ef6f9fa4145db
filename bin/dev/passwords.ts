import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { z } from 'zod';

import { readJson, writeJson } from './json-file.ts';

const Passwords = z.object({
  mysql: z.string(),
  'mysql-root': z.string(),
  'queue-redis': z.string(),
  'cache-redis': z.string(),
});
export type Passwords = z.infer<typeof Passwords>;

/** The folder's passwords, made when first asked for. Call it while holding the folder's lock. */
export async function openPasswords(folder: string): Promise<Passwords> {
  const path = join(folder, 'passwords.json');
  const known = await readJson(path, Passwords);
  if (known) return known;
  const made: Passwords = {
    mysql: makePassword(),
    'mysql-root': makePassword(),
    'queue-redis': makePassword(),
    'cache-redis': makePassword(),
  };
  await writeJson(path, made);
  return made;
}

/** 192 bits, in letters that need no escaping in a URL, in SQL or in a configuration file. */
const makePassword = () => randomBytes(24).toString('base64url');
