import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newFolderPath, START } from '../bin/dev/test-folder.ts';
import { eventually } from '../house.ts';
import { readCheckout } from '../tidy/checkout.ts';
import { importsOf, type SourceFile } from '../tidy/source.ts';
import { readServices, SECRETS_OF_TESTS } from './compose-file.ts';
import { runAsContainer } from './container-process.ts';
import { copiedSources, filesCopiedFrom, imageFiles, isIgnored, layOut } from './image.ts';

const ROOT = join(import.meta.dirname, '../..');
const ours = Object.entries(readServices(SECRETS_OF_TESTS)).filter(([, { build }]) => build);
const entries = [...ours.map(([, { command }]) => command.at(-1) ?? ''), 'bin/cli.ts'];
const files = new Map(readCheckout().map((file) => [file.path, file]));

/** 70 MB that only `query` wants: it loads them when it runs, and says so where they are not. */
const OPTIONAL = ['@duckdb/node-api'];
/** Processes start slowly on a busy machine. */
const WORDS_MS_MAX = 60_000;
const folder = newFolderPath();
beforeAll(() => layOut(folder));
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the image', () => {
  it('is made of things that are there', () => {
    const empty = copiedSources().filter((source) => filesCopiedFrom(source).length === 0);
    expect(empty).toEqual([]);
  });

  it.each(entries)('has every file that %s loads, and every package as a dependency', (entry) => {
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const inImage = new Set(imageFiles());
    const { own, libraries } = loadedBy(entry);

    expect([...own].filter((path) => !inImage.has(path))).toEqual([]);
    const needed = [...libraries].filter((name) => !OPTIONAL.includes(name));
    expect(needed.filter((name) => !Object.hasOwn(dependencies, name))).toEqual([]);
    expect(libraries.size).toBeGreaterThan(3);
  });

  it.each([
    '.env',
    '.env.local',
    '.git/config',
    '.camadas/servers/passwords.json',
    'node_modules/pino/package.json',
    'test/house.ts',
    'vitest.config.ts',
  ])('is built without sight of %s', (path) => {
    expect(isIgnored(path)).toBe(true);
  });

  it.each(ours)('is enough for %s to get as far as its servers', START, async (_name, service) => {
    const env = { ...service.environment, QUEUE_REDIS_URL: 'redis://127.0.0.1:1' };
    const process = runAsContainer(service.command, { cwd: folder, env });

    const words = "waiting: the queue's Redis at 127.0.0.1:1 does not answer";
    await eventually(
      async () => process.hasEnded() || process.said().includes(words),
      (isSettled) => isSettled,
      WORDS_MS_MAX,
    );
    process.kill('SIGKILL');
    await process.ended;

    expect(process.said()).toContain(words);
  });

  it('is enough for the commands', START, async () => {
    const command = ['node', 'bin/cli.ts', 'status', '--help'];
    const process = runAsContainer(command, { cwd: folder, env: {} });
    expect(await process.ended).toBe(0);
    expect(process.said()).toContain('Shows queues');
  });
});

/** Every file and library that running `entry` loads. Types are erased and load nothing. */
function loadedBy(entry: string) {
  const own = new Set<string>();
  const libraries = new Set<string>();
  const walk = (path: string) => {
    if (own.has(path)) return;
    own.add(path);
    for (const { target, own: isOurs, typeOnly } of importsOf(fileOf(path))) {
      if (typeOnly) continue;
      if (isOurs) walk(target);
      else if (!isBuiltin(target)) libraries.add(target);
    }
  };
  walk(entry);
  return { own, libraries };
}

function fileOf(path: string): SourceFile {
  const file = files.get(path);
  if (!file) throw new Error(`${path} is not there`);
  return path.endsWith('.ts') ? file : { path, text: '' };
}
