import { basename, extname, matchesGlob } from 'node:path';

import type { ObjectProperty } from 'oxc-parser';

import { faultAt, stringOf, visit } from './source.ts';
import type { Fault, SourceFile } from './source.ts';

/** Names that say nothing: whatever has no better place ends up behind them. */
const EMPTY_WORD = /^(utils?|helpers?|common|misc|types|interfaces|manager|service)$/i;
const LISTS = ['queues/index.ts', 'workers/index.ts'];
/** `total` counts what happened, `info` is always 1, `up` is 1 or 0; the others say what is measured. */
const UNITS = [
  ...'total info up seconds bytes ratio jobs messages conversations rows segments'.split(' '),
  ...'entries tokens requests connections workers'.split(' '),
];

/** Files and folders are named after what is in them. */
export function emptyNames(files: readonly SourceFile[]): Fault[] {
  return files.flatMap((file) => {
    const path = file.path.slice(0, file.path.length - extname(file.path).length);
    const empty = path.split(/[/._-]/).filter((word) => EMPTY_WORD.test(word));
    return empty.map((word) => faultAt(file, 0, `"${word}" does not say what is in it`));
  });
}

/** An index gathers what others wrote; only the two lists of jobs are worth one. */
export function barrels(files: readonly SourceFile[]): Fault[] {
  return files
    .filter(({ path }) => basename(path) === 'index.ts' && !LISTS.includes(path))
    .map((file) => faultAt(file, 0, `only ${LISTS.join(' and ')} may be an index`));
}

/** A queue has a contract, a processor of the same name, and a test of that processor. */
export function incompleteQueues(files: readonly SourceFile[]): Fault[] {
  const contracts = files.filter((file) => matchesGlob(file.path, 'queues/*.ts'));
  return contracts.flatMap((file) => {
    const offset = definition(file);
    if (offset === null) return [];
    const queue = basename(file.path, '.ts');
    const needs = [`workers/${queue}.ts`, `test/workers/${queue}{*.test.ts,/**/*.test.ts}`];
    return needs
      .filter((need) => !files.some(({ path }) => matchesGlob(path, need)))
      .map((need) => faultAt(file, offset, `queue "${queue}" lacks ${need}`));
  });
}

/** A metric tells its unit in its name, and what to watch it for in docs/metrics.md. */
export function vagueMetrics(files: readonly SourceFile[]): Fault[] {
  const docs = files.find(({ path }) => path === 'docs/metrics.md')?.text ?? '';
  const described = new Set(docs.match(/\w+/g));
  const metrics = files.filter(({ path }) => path === 'metrics.ts');
  return metrics.flatMap((file) =>
    nameProperties(file).flatMap(({ value, start }) => {
      const name = stringOf(value);
      const reasons = name === null ? ['name: must be a plain string'] : whyVague(name, described);
      return reasons.map((reason) => faultAt(file, start, reason));
    }),
  );
}

function whyVague(name: string, described: ReadonlySet<string>): string[] {
  const reasons = [];
  const unit = name.split('_').at(-1) ?? '';
  if (!UNITS.includes(unit)) reasons.push(`${name} ends in no unit: one of ${UNITS.join(', ')}`);
  if (!described.has(name)) reasons.push(`${name} is not described in docs/metrics.md`);
  return reasons;
}

function nameProperties(file: SourceFile): ObjectProperty[] {
  const found: ObjectProperty[] = [];
  visit(file, {
    ObjectExpression({ properties }) {
      for (const property of properties) {
        if (property.type !== 'Property' || property.key.type !== 'Identifier') continue;
        if (property.key.name === 'name') found.push(property);
      }
    },
  });
  return found;
}

/** Where a file calls `defineQueue(`; null when it does not. */
function definition(file: SourceFile): number | null {
  const calls: number[] = [];
  visit(file, {
    CallExpression({ callee, start }) {
      if (callee.type === 'Identifier' && callee.name === 'defineQueue') calls.push(start);
    },
  });
  return calls[0] ?? null;
}
