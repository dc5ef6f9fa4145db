import { readFileSync } from 'node:fs';
import { cp, mkdir, symlink } from 'node:fs/promises';
import { dirname, join, matchesGlob } from 'node:path';
import { readCheckout } from '../tidy/checkout.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const paths = readCheckout().map(({ path }) => path);
const dockerfile = read('Dockerfile');
const ignoreLines = read('.dockerignore').split('\n');

/** A file of the image, as `COPY` places it: the image keeps the paths of the checkout. */
export const imageFiles = (): string[] => copiedSources().flatMap(filesCopiedFrom);

export const filesCopiedFrom = (source: string): string[] =>
  paths.filter((path) => covers(source, path) && !isIgnored(path));

/** The image's files in a folder, with the packages of this checkout. */
export async function layOut(folder: string): Promise<void> {
  for (const path of imageFiles()) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await cp(join(ROOT, path), join(folder, path));
  }
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
}

/** What the last stage copies from the checkout. Each source goes to where it was. */
export function copiedSources(): string[] {
  const stages = dockerfile.split(/^FROM /m);
  const copies = [...(stages.at(-1) ?? '').matchAll(/^COPY (?!--from)(.+)$/gm)];
  return copies.flatMap(([, line = '']) => line.split(' ').slice(0, -1));
}

/** As Docker reads .dockerignore: the last line that fits the path, or a folder above it, decides. */
export function isIgnored(path: string): boolean {
  let ignored = false;
  for (const line of ignoreLines) {
    const pattern = line.replace(/^!/, '');
    if (pattern === '' || line.startsWith('#')) continue;
    if (covers(pattern, path)) ignored = !line.startsWith('!');
  }
  return ignored;
}

function covers(pattern: string, path: string): boolean {
  const parts = path.split('/');
  return parts.some((_part, index) => fits(parts.slice(0, index + 1).join('/'), pattern));
}

/** `*` stands for the names with a dot in front, too. */
const fits = (path: string, pattern: string) => pattern === '*' || matchesGlob(path, pattern);
