import type { Node, PropertyKey } from 'oxc-parser';

import { isCode, lineAt, visit } from './source.ts';
import type { SourceFile } from './source.ts';

interface Length {
  readonly what: string;
  readonly lines: number;
}

/** A page to read now and then: how long files and functions are. Aims, not law. */
export function lengthReport(files: readonly SourceFile[]): string {
  const house = files.filter((file) => isCode(file) && !isTest(file));
  const tests = files.filter((file) => isCode(file) && isTest(file));
  return [
    `files of the house: ${summary(fileLengths(house))}`,
    ...longest(fileLengths(house)),
    `functions of the house: ${summary(house.flatMap(functionLengths))}`,
    ...longest(house.flatMap(functionLengths)),
    `files of tests and benches: ${summary(fileLengths(tests))}`,
  ].join('\n');
}

/** Functions that have a name. A callback is part of the function it stands in. */
export function functionLengths(file: SourceFile): Length[] {
  const found: Length[] = [];
  const add = (name: string, { start, end }: Node) => {
    const line = lineAt(file.text, start);
    const lines = lineAt(file.text, end) - line + 1;
    found.push({ what: `${file.path}:${line} ${name}`, lines });
  };
  const addProperty = (node: { key: PropertyKey; value: Node | null } & Node) => {
    if (isFunction(node.value)) add(file.text.slice(node.key.start, node.key.end), node);
  };
  visit(file, {
    FunctionDeclaration: (node) => add(node.id?.name ?? 'default', node),
    VariableDeclarator: (node) => {
      if (node.id.type === 'Identifier' && isFunction(node.init)) add(node.id.name, node);
    },
    MethodDefinition: addProperty,
    PropertyDefinition: addProperty,
    Property: addProperty,
  });
  return found;
}

const isTest = ({ path }: SourceFile) => /^(test|bench)\//.test(path);

const fileLengths = (files: readonly SourceFile[]): Length[] =>
  files.map(({ path, text }) => ({ what: path, lines: text.trimEnd().split('\n').length }));

const isFunction = (node: Node | null) =>
  node?.type === 'ArrowFunctionExpression' || node?.type === 'FunctionExpression';

function summary(lengths: readonly Length[]): string {
  const sorted = lengths.map(({ lines }) => lines).sort((a, b) => a - b);
  const quantile = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
  return `${sorted.length}, lines median ${quantile(0.5)}, p90 ${quantile(0.9)}, max ${quantile(1)}`;
}

const longest = (lengths: readonly Length[]) =>
  lengths
    .toSorted((a, b) => b.lines - a.lines)
    .slice(0, 10)
    .map(({ what, lines }) => `${String(lines).padStart(6)}  ${what}`);
