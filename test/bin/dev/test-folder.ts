import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { onTestFinished } from 'vitest';

const ROOT = join(import.meta.dirname, '../../../.camadas');

/** Tests that start servers: MySQL may have to be initialised or even installed first. */
export const START = { timeout: 180_000 };

/** A path for a folder that is not there yet, below the one that git ignores. */
export const newFolderPath = (): string => join(ROOT, `test-${randomBytes(4).toString('hex')}`);

/** An empty folder, deleted when the test has finished. */
export async function makeFolder(): Promise<string> {
  const folder = newFolderPath();
  await mkdir(folder, { recursive: true });
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
