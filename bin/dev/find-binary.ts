import { access, constants, glob, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** A server program: how it is found, and how people install it. */
export interface Program {
  /** For people, as in "no MySQL or MariaDB server". */
  readonly label: string;
  /** The environment variable that names the file, before anything is looked for. */
  readonly variable: string;
  /** File names, the preferred one first. */
  readonly names: readonly string[];
  readonly aptPackage: string;
  readonly brewPackage: string;
}

/** Where servers are installed without being on everybody's PATH. */
export const PLACES_OUTSIDE_PATH: readonly string[] = [
  '/usr/sbin',
  '/usr/local/sbin',
  '/usr/libexec',
  '/opt/homebrew/bin',
  '/opt/homebrew/opt/*/bin',
  '/usr/local/opt/*/bin',
  '/usr/local/mysql/bin',
];

/**
 * The path of a program, or null.
 *
 * @param places  Folders (or patterns of them) to look through after PATH.
 * @throws        If the variable names something that cannot be run: a mistake to tell, not to mend.
 */
export async function findBinary(
  program: Program,
  env: NodeJS.ProcessEnv,
  places: readonly string[] = PLACES_OUTSIDE_PATH,
): Promise<string | null> {
  const given = env[program.variable];
  if (given && !(await isExecutable(given))) {
    throw new Error(`${program.variable}=${given} is not a program that can be run`);
  }
  if (given) return given;
  const folders = [...foldersOnPath(env), ...(await expand(places))];
  for (const name of program.names) {
    const found = await findInFolders(name, folders);
    if (found) return found;
  }
  return null;
}

export const foldersOnPath = (env: NodeJS.ProcessEnv): string[] =>
  (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');

export async function findInFolders(
  name: string,
  folders: readonly string[],
): Promise<string | null> {
  for (const folder of folders) {
    const path = join(folder, name);
    if (await isExecutable(path)) return path;
  }
  return null;
}

async function expand(places: readonly string[]): Promise<string[]> {
  const folders: string[] = [];
  for (const place of places) {
    for await (const folder of glob(place)) folders.push(folder);
  }
  return folders;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
