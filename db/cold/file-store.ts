import { randomUUID } from 'node:crypto';
import { type FileHandle, link, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { coldUnreachable, objectExists, objectMissing, segmentCorrupt } from './faults.ts';
import type { ColdStore } from './store.ts';

/** What is not complete yet has this ending, and is no object. */
const PART = '.part';

/** Objects as files below a folder. */
export function openFileStore(url: string): ColdStore {
  const root = fileURLToPath(url);
  const pathOf = (key: string) => join(root, key);

  return {
    async put(key, parts) {
      const path = pathOf(key);
      const part = join(dirname(path), `${partPrefix(path)}${randomUUID()}${PART}`);
      try {
        await makeFolder(dirname(path));
        await writeFile(part, parts);
        await link(part, path); // Fails where something is already, unlike a renaming.
        await syncFolder(dirname(path));
      } catch (error) {
        if (codeOf(error) === 'EEXIST') throw objectExists(key);
        throw codeOf(error) === '' ? error : coldUnreachable(`writing ${key}`, error);
      } finally {
        await rm(part, { force: true }).catch(() => {});
      }
    },

    async read(key, { from, to }) {
      let file: FileHandle | undefined;
      try {
        file = await open(pathOf(key));
        const bytes = new Uint8Array(to - from);
        const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
        if (bytesRead < bytes.length) throw segmentCorrupt(key, `ends before byte ${to}`);
        return bytes;
      } catch (error) {
        if (codeOf(error) === 'ENOENT') throw objectMissing(key);
        throw codeOf(error).startsWith('E') ? coldUnreachable(`reading ${key}`, error) : error;
      } finally {
        await file?.close();
      }
    },

    async head(key) {
      try {
        return { bytes: (await stat(pathOf(key))).size };
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return null;
        throw coldUnreachable(`looking for ${key}`, error);
      }
    },

    addressOf: pathOf,

    async *list(prefix) {
      const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(
        (error: unknown) => {
          if (codeOf(error) === 'ENOENT') return [];
          throw coldUnreachable('listing', error);
        },
      );
      for (const entry of entries) {
        const path = join(entry.parentPath, entry.name);
        const key = relative(root, path).split(sep).join('/');
        if (!entry.isFile() || entry.name.endsWith(PART) || !key.startsWith(prefix)) continue;
        const found = await stat(path).catch(() => null); // It may go while we look.
        if (found) yield { key, bytes: found.size, writtenAtMs: found.mtimeMs };
      }
    },

    async remove(key) {
      try {
        await rm(pathOf(key), { force: true });
        for (const part of await partsOf(pathOf(key))) await rm(part, { force: true });
      } catch (error) {
        throw coldUnreachable(`removing ${key}`, error);
      }
    },

    close: () => {},
  };
}

const partPrefix = (path: string) => `.${basename(path)}.`;

/** What is left of a file by those who died while they wrote it. */
async function partsOf(path: string): Promise<string[]> {
  const names = await readdir(dirname(path)).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  });
  return names
    .filter((name) => name.startsWith(partPrefix(path)) && name.endsWith(PART))
    .map((name) => join(dirname(path), name));
}

async function writeFile(path: string, parts: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'wx');
  try {
    for await (const part of parts) await file.writeFile(part);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes a folder durable, too: with the ones above it that are new. */
async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let folder = path; folder.length >= dirname(first).length; folder = dirname(folder)) {
    await syncFolder(folder);
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function codeOf(error: unknown): string {
  const isSystems = error instanceof Error && 'errno' in error && 'code' in error;
  return isSystems ? String(error.code) : '';
}
