import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { docs } from '../../bin/commands/docs.ts';
import { GENERATED } from '../../bin/generated-docs.ts';

it('has no page that is out of date: else run ./scripts.sh docs', async () => {
  const { status, printed } = await runDocs(join(import.meta.dirname, '../..'), ['--check']);
  expect(printed).toEqual([]);
  expect(status).toBe(0);
});

it('writes what is missing or out of date, and names it before', async () => {
  const home = await mkdtemp(join(tmpdir(), 'camadas-docs-'));
  onTestFinished(() => rm(home, { recursive: true }));
  const paths = GENERATED.map(({ path }) => path);
  const [first = ''] = paths;

  expect(await runDocs(home, [])).toEqual({
    status: 0,
    printed: paths.map((path) => `${path} written`),
  });
  expect(await runDocs(home, ['--check'])).toEqual({ status: 0, printed: [] });

  await writeFile(join(home, first), 'edited');
  const check = await runDocs(home, ['--check']);
  expect(check).toEqual({ status: 1, printed: [`${first} is out of date`] });
  expect(await readFile(join(home, first), 'utf8')).toBe('edited');
});

async function runDocs(home: string, args: readonly string[]) {
  const printed: string[] = [];
  const context = {
    env: {},
    home,
    print: (line: string) => void printed.push(line),
    say: () => {},
    signal: AbortSignal.timeout(60_000),
  };
  return { status: await docs.run(args, context), printed };
}
