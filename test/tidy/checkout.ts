import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';

import type { SourceFile } from './source.ts';

const ROOT = join(import.meta.dirname, '../..');
const TEXT = /\.(ts|js|css|html|md|sh|sql|ya?ml|toml)$|(^|\/)Dockerfile$/;
/** Larger files are data. */
const TEXT_BYTES_MAX = 1_000_000;

/** Every file of the project. Only texts are read; of the others the rules see the path alone. */
export function readCheckout(): SourceFile[] {
  const paths = listedByGit() ?? found();
  return paths.filter((path) => existsSync(join(ROOT, path))).map(readSource);
}

/** What git tracks, and what it would track next. Null outside a checkout, as in a tarball. */
function listedByGit(): string[] | null {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  try {
    const listed = execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' });
    return listed === '' ? null : listed.split('\0').filter(Boolean);
  } catch {
    return null;
  }
}

function found(): string[] {
  const paths = globSync('**/*', {
    cwd: ROOT,
    exclude: ['node_modules', '.camadas', '.git', 'client/dist'],
  });
  return paths
    .filter((path) => statSync(join(ROOT, path)).isFile())
    .map((path) => path.replaceAll(sep, '/'));
}

function readSource(path: string): SourceFile {
  const file = join(ROOT, path);
  const isText = TEXT.test(path) && statSync(file).size <= TEXT_BYTES_MAX;
  return { path, text: isText ? readFileSync(file, 'utf8') : '' };
}
