import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFileSource } from '../../../bin/import/file-source.ts';

const RECORDS = 40_000;

let folder: string;
let files: string[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'camadas-source-'));
  files = ['one.csv', 'two.csv'].map((name) => join(folder, name));
  const row = '"of two\nlines, each"\n';
  for (const file of files) await writeFile(file, `text\n${row.repeat(RECORDS / 2)}`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('files as a source', () => {
  it('know in the end how many records they have in all, wherever one began to read', async () => {
    const whole = await openFileSource(files);
    let read = 0;
    for await (const { records, position } of whole.batches(null)) {
      read += records.length;
      const rest = await openFileSource(files);
      expect(rest.total()).toBeNull();
      let left = 0;
      for await (const batch of rest.batches(position, read)) left += batch.records.length;
      expect(read + left).toBe(RECORDS);
      if (left > 0) expect(rest.total()).toBeCloseTo(RECORDS);
    }
    expect(whole.total()).toBeCloseTo(RECORDS);
  });
});
