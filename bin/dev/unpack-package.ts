import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findInFolders, foldersOnPath } from './find-binary.ts';

const run = promisify(execFile);
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Fetches a package of Debian or Ubuntu and unpacks it into a folder of ours: nothing is installed,
 * no service starts, and nobody need be root.
 *
 * @returns False where there is no apt-get.
 * @throws  If the package cannot be fetched, with apt's own words.
 */
export async function unpackPackage(
  name: string,
  { folder, env }: { folder: string; env: NodeJS.ProcessEnv },
): Promise<boolean> {
  const aptGet = await findInFolders('apt-get', foldersOnPath(env));
  const dpkg = await findInFolders('dpkg', foldersOnPath(env));
  if (!aptGet || !dpkg) return false;

  await mkdir(dirname(folder), { recursive: true });
  const work = await mkdtemp(`${folder}-`);
  try {
    await download(aptGet, name, { work, env });
    const [file] = (await readdir(work)).filter((one) => one.endsWith('.deb'));
    if (!file) throw new Error(`apt-get download ${name} brought no package`);
    const unpacked = join(work, 'unpacked');
    await run(dpkg, ['-x', join(work, file), unpacked], { env });
    await takePlace(unpacked, folder);
    return true;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

interface Place {
  readonly work: string;
  readonly env: NodeJS.ProcessEnv;
}

async function download(aptGet: string, name: string, place: Place): Promise<void> {
  try {
    await apt(aptGet, ['download', '-q', name], place);
  } catch {
    // A machine just made has no package lists, and one long unused has old ones. Ours are apart,
    // as those of the machine are root's.
    const lists = join(place.work, 'lists');
    await mkdir(join(lists, 'partial'), { recursive: true });
    const cache = join(place.work, 'cache');
    await mkdir(join(cache, 'archives', 'partial'), { recursive: true });
    const ours = ['-o', `Dir::State::Lists=${lists}`, '-o', `Dir::Cache=${cache}`];
    await apt(aptGet, [...ours, 'update', '-q'], place);
    await apt(aptGet, [...ours, 'download', '-q', name], place);
  }
}

async function apt(aptGet: string, args: readonly string[], { work, env }: Place): Promise<void> {
  try {
    const words = { ...env, LC_ALL: 'C' };
    await run(aptGet, [...args], { cwd: work, env: words, maxBuffer: OUTPUT_BYTES_MAX });
  } catch (error) {
    const words = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    throw new Error(`apt-get ${args.join(' ')} failed: ${words}`, { cause: error });
  }
}

/** Whole or not at all; where another was faster, its one is as good. */
async function takePlace(unpacked: string, folder: string): Promise<void> {
  await rename(unpacked, folder).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  });
}
