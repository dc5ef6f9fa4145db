import { mkdir, mkdtemp, readlink, rm, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';

/** A socket's path has 104 bytes on macOS and 108 on Linux; MySQL adds `.lock` for its own. */
const FOLDER_BYTES_MAX = 75;

/** Where the folder's servers put their unix sockets: inside it or, if its path is long, in /tmp. */
export async function openSocketFolder(folder: string): Promise<string> {
  const inside = join(folder, 'sockets');
  if (Buffer.byteLength(inside) <= FOLDER_BYTES_MAX) {
    await mkdir(inside, { recursive: true, mode: 0o700 });
    return inside;
  }
  const before = await readlink(inside).catch(() => null);
  if (before && (await isOurs(before))) return before;
  const made = await mkdtemp('/tmp/camadas-'); // With mode 0700. TMPDIR may be a long path too.
  await rm(inside, { recursive: true, force: true });
  await symlink(made, inside);
  return made;
}

export async function removeSocketFolder(folder: string): Promise<void> {
  const inside = join(folder, 'sockets');
  const outside = await readlink(inside).catch(() => null);
  if (outside) await rm(outside, { recursive: true, force: true });
  await rm(inside, { recursive: true, force: true });
}

/** A folder in /tmp goes away with a reboot, and its name is then anybody's. */
async function isOurs(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => null);
  return stats !== null && stats.isDirectory() && stats.uid === process.getuid?.();
}
