import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { identifyProcess, isAlive, ProcessIdentity } from './process-identity.ts';
import { readJson, writeJson } from './json-file.ts';

/** The file that says that this process uses the folder's servers: one for each use. */
export const userPath = (folder: string): string =>
  join(folder, 'users', `${process.pid}-${randomUUID()}.json`);

export async function addUser(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeJson(path, await identifyProcess(process.pid));
}

/** Whether a living process uses the folder's servers. Those that died are struck out. */
export async function hasUsers(folder: string): Promise<boolean> {
  const names = await readdir(join(folder, 'users')).catch(() => []);
  let found = false;
  for (const name of names) {
    if (!name.endsWith('.json')) continue; // Being written.
    const path = join(folder, 'users', name);
    const identity = await readJson(path, ProcessIdentity);
    if (identity && (await isAlive(identity))) found = true;
    else await rm(path, { force: true });
  }
  return found;
}
