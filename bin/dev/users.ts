import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { identifyProcess, isAlive, ProcessIdentity } from './process-identity.ts';
import { readJson, writeJson } from './json-file.ts';

/** Writes down that this process uses the folder's servers; returns the file that says so. */
export async function addUser(folder: string): Promise<string> {
  const identity = await identifyProcess(process.pid);
  await mkdir(join(folder, 'users'), { recursive: true });
  // One file for each use: a process may open the servers several times.
  const path = join(folder, 'users', `${process.pid}-${randomUUID()}.json`);
  await writeJson(path, identity);
  return path;
}

/** Whether a living process uses the folder's servers. Those that died without a word are struck out. */
export async function hasUsers(folder: string): Promise<boolean> {
  const names = await readdir(join(folder, 'users')).catch(() => []);
  let found = false;
  for (const name of names) {
    const path = join(folder, 'users', name);
    const identity = await readJson(path, ProcessIdentity);
    if (identity && (await isAlive(identity))) found = true;
    else await rm(path, { force: true });
  }
  return found;
}
