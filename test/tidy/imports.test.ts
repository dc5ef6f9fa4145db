import { describe, expect, it } from 'vitest';

import { closedDoors, importCycles, wrongDirections } from './imports.ts';
import { faultLines, houseOf } from './source.ts';
import type { Rule } from './source.ts';

const faults = (rule: Rule, texts: Readonly<Record<string, string>>) =>
  faultLines(rule, houseOf(texts));

describe('wrongDirections', () => {
  it.each([
    ['a queue that knows the database', 'queues/persist.ts', `import { a } from '../db/hot.ts';`],
    ['a processor that opens things', 'workers/persist.ts', `import { a } from '../wiring.ts';`],
    ['a window into the workers', 'dashboard/api.ts', `import { a } from '../workers/index.ts';`],
    ['a config read below the entry', 'dashboard/api.ts', `import { a } from '../config.ts';`],
    ['a test inside the house', 'db/hot.ts', `import { a } from '../test/house.ts';`],
    ['a command inside a bench', 'bin/cli.ts', `import { a } from '../bench/persist.ts';`],
    ['a library user among its readers', 'db/hot.ts', `export * from '../queues/persist.ts';`],
    ['a late import', 'db/hot.ts', `const a = await import('../queues/persist.ts');`],
    ['the type of a forbidden file', 'db/hot.ts', `type A = import('../config.ts').Config;`],
    ['a clock in the domain', 'domain/time.ts', `import { hrtime } from 'node:process';`],
    ['a folder outside the table', 'scripts/seed.ts', ''],
  ])('finds %s', (_what, path, text) => {
    expect(faults(wrongDirections, { [path]: `\n${text}` })).toHaveLength(1);
  });

  it('finds a value where only the type may be named', () => {
    const text = `import type { A } from '../queues/persist.ts';\nimport { type B, c } from '../queues/b.ts';`;
    expect(faults(wrongDirections, { 'workers/persist.ts': text })).toEqual([
      'workers/persist.ts:2 workers/** may import queues/b.ts only with "import type"',
    ]);
  });

  it.each([
    ['a neighbour', 'db/cold/segment.ts', `import { a } from '../schema.ts';`],
    ['the domain', 'queues/persist.ts', `import { a } from '../domain/message.ts';`],
    ['the wiring at the entry', 'workers/main.ts', `import { a } from '../wiring.ts';`],
    ['anything in a test', 'test/db/hot.test.ts', `import { a } from '../../bin/dev/mysql.ts';`],
    ['a hash in the domain', 'domain/message.ts', `import { hash } from 'node:crypto';`],
    ['a builtin elsewhere', 'db/cold/folder.ts', `import { open } from 'node:fs/promises';`],
  ])('allows %s', (_what, path, text) => {
    expect(faults(wrongDirections, { [path]: text })).toEqual([]);
  });
});

describe('closedDoors', () => {
  it.each([
    ['BullMQ in a processor', 'workers/persist.ts', `import type { Job } from 'bullmq';`],
    ['a driver outside db', 'dashboard/api.ts', `import mysql from 'mysql2/promise';`],
    ['a scope outside its door', 'db/hot.ts', `import { S3Client } from '@aws-sdk/client-s3';`],
    ['a library that has no door', 'db/hot.ts', `import { chunk } from 'lodash/fp';`],
  ])('finds %s', (_what, path, text) => {
    expect(faults(closedDoors, { [path]: text })).toHaveLength(1);
  });

  it.each([
    ['BullMQ in the fleet', 'workers/fleet.ts', `import { Worker } from 'bullmq';`],
    ['a part of a library', 'db/pool.ts', `import mysql from 'mysql2/promise';`],
    ['any library in a test', 'test/db/pool.test.ts', `import { it } from 'vitest';`],
    ['a builtin', 'db/pool.ts', `import { setTimeout } from 'node:timers/promises';`],
  ])('allows %s', (_what, path, text) => {
    expect(faults(closedDoors, { [path]: text })).toEqual([]);
  });
});

describe('importCycles', () => {
  const c = `import type { A } from './a.ts';`;
  const house = {
    'db/a.ts': `import { b } from './b.ts';`,
    'db/b.ts': `import { c } from './c.ts';`,
  };

  it('finds a circle closed by a type', () => {
    expect(faults(importCycles, { ...house, 'db/c.ts': `\n${c}` })).toEqual([
      'db/c.ts:2 closes the circle db/a.ts → db/b.ts → db/c.ts → db/a.ts',
    ]);
  });

  it('allows two ways to one file', () => {
    const both = `import { b } from './b.ts';\nimport { c } from './c.ts';`;
    expect(faults(importCycles, { ...house, 'db/a.ts': both, 'db/c.ts': '' })).toEqual([]);
  });
});
