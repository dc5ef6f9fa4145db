import { readFile, rename, writeFile } from 'node:fs/promises';

import type { z } from 'zod';

/** What the file holds; null if it is missing or not what the schema says (torn, or of old). */
export async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/**
 * Replaces the file at once, so that a crash leaves the old text or the new. Mode 0600.
 * A path has one writer at a time: whoever holds the lock of its folder, or its only user.
 */
export async function writeJson(path: string, value: unknown): Promise<void> {
  const next = `${path}.new`;
  await writeFile(next, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  await rename(next, path);
}
