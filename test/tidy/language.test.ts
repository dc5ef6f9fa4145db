import { describe, expect, it } from 'vitest';

import { compiledSyntax, defaultExports, leftovers, strayEnvironment } from './language.ts';
import { faultLines, houseOf } from './source.ts';
import type { Rule } from './source.ts';

const faults = (rule: Rule, texts: Readonly<Record<string, string>>) =>
  faultLines(rule, houseOf(texts));

describe('compiledSyntax', () => {
  it.each([
    'enum Tier { hot, warm }',
    'const enum Tier { hot, warm }',
    'namespace Tiers { export const hot = 1; }',
    'class Cache { constructor(readonly size: number) {} }',
    'class Cache { @bound get() {} }',
  ])('finds %s', (text) => {
    expect(faults(compiledSyntax, { 'db/cache.ts': text })).toHaveLength(1);
  });

  it.each([
    `type Tier = 'hot' | 'warm';`,
    `declare module 'hyparquet' { const version: string; }`,
    'declare global { const started: number; }',
    'class Cache { constructor(size: number) {} }',
  ])('allows %s', (text) => {
    expect(faults(compiledSyntax, { 'db/cache.ts': text })).toEqual([]);
  });
});

describe('defaultExports', () => {
  it.each(['export default 1;', 'const a = 1; export { a as default };'])('finds %s', (text) => {
    expect(faults(defaultExports, { 'db/hot.ts': text })).toHaveLength(1);
  });

  it('allows a named export, and the default that a tool asks for', () => {
    const house = { 'db/hot.ts': 'export const a = 1;', 'vitest.config.ts': 'export default {};' };
    expect(faults(defaultExports, house)).toEqual([]);
  });
});

describe('strayEnvironment', () => {
  it.each([
    'const url = process.env.MYSQL_URL;',
    `const url = process['env'].MYSQL_URL;`,
    'const { env } = process;',
    `import { env } from 'node:process';`,
  ])('finds %s', (text) => {
    expect(faults(strayEnvironment, { 'wiring.ts': text })).toHaveLength(1);
  });

  it('allows it at an entry point, its type, and the rest of the process', () => {
    const house = {
      'workers/main.ts': 'readConfig(process.env);',
      'config.ts': 'export const readConfig = (env: NodeJS.ProcessEnv) => env;',
      'wiring.ts': 'const { pid } = process;',
    };
    expect(faults(strayEnvironment, house)).toEqual([]);
  });
});

describe('leftovers', () => {
  it.each([
    ['db/hot.ts', '\n// TODO: index'],
    ['db/hot.ts', '\n/** FIXME */'],
    ['docs/tiers.md', '\nTODO'],
  ])('finds one in %s: %j', (path, text) => {
    expect(faults(leftovers, { [path]: text })).toEqual([
      expect.stringMatching(`^${path}:2 .* left behind$`),
    ]);
  });

  it('allows a customer to write it', () => {
    const house = { 'test/word.ts': `const content = 'TODO MUNDO';`, 'docs/a.md': 'todos' };
    expect(faults(leftovers, house)).toEqual([]);
  });
});
