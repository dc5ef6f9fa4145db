import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

/** Long enough for another process to install packages and to start servers, in milliseconds. */
const WAIT_MS_MAX = 5 * 60_000;
const POLL_MS = 50;
const SQLITE_BUSY = 5;

export interface FolderLock {
  /** Deletes the folder and lets go of it. Whoever waits for it begins with an empty one. */
  deleteFolder(): Promise<void>;
}

/**
 * Does the work while no other caller, in this process or another, holds the same folder's lock.
 * The folder is made if it is missing.
 *
 * Node has no flock, but SQLite locks a file the same way on every system. The kernel gives such a
 * lock back when its owner dies, so there are no stale ones to find out about.
 */
export async function withLock<T>(
  folder: string,
  work: (lock: FolderLock) => Promise<T>,
): Promise<T> {
  const database = await lockFolder(folder);
  try {
    return await work({ deleteFolder: () => deleteFolder(folder, database) });
  } finally {
    if (database.isOpen) database.close();
  }
}

async function lockFolder(folder: string): Promise<DatabaseSync> {
  const deadline = Date.now() + WAIT_MS_MAX;
  while (Date.now() < deadline) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const database = tryLock(join(folder, 'lock'));
    if (database) return database;
    await sleep(POLL_MS);
  }
  throw new Error(`another process has held ${folder} for ${WAIT_MS_MAX / 60_000} minutes`);
}

/** Null if somebody else holds the lock, or deleted the folder while we waited. */
function tryLock(path: string): DatabaseSync | null {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // No journal file: what is written here has no need to survive anything.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    if (database.prepare('PRAGMA user_version').get()?.['user_version'] === 0) return database;
  } catch (error) {
    if (!isBusy(error)) throw error;
  }
  database.close();
  return null;
}

const isBusy = (error: unknown) =>
  error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;

async function deleteFolder(folder: string, database: DatabaseSync): Promise<void> {
  // A waiter may have opened this very lock file: the mark tells it that the folder is gone.
  database.exec('PRAGMA user_version = 1');
  const condemned = `${folder}.deleted-${randomUUID()}`;
  await rename(folder, condemned);
  database.exec('COMMIT');
  database.close();
  await rm(condemned, { recursive: true, force: true, maxRetries: 3 });
}
