import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A password that is made at the first call and stays the same in this checkout. */
export function keptPassword(dir: string, name: string): Promise<string> {
  return kept(join(dir, name), () => Promise.resolve(randomBytes(18).toString('base64url')));
}

/**
 * A secret in a file that only its owner may read.
 *
 * @param isGood Whether the one that is there still serves.
 */
export async function kept(
  file: string,
  make: () => Promise<string>,
  isGood: (secret: string) => Promise<boolean> = () => Promise.resolve(true),
): Promise<string> {
  const known = await readFile(file, 'utf8').catch(() => '');
  if (known !== '' && (await isGood(known))) return known;
  const made = await make();
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, made, { mode: 0o600 });
  return made;
}
