import { matchesGlob } from 'node:path';

import type { Node } from 'oxc-parser';

import { commentsOf, faultAt, isCode, visit } from './source.ts';
import type { Fault, SourceFile } from './source.ts';

const ENTRY_POINTS = [
  'bin/{cli,migrate}.ts',
  '{workers,dashboard}/main.ts',
  'vitest.config.ts',
  '{bench,test}/**',
];
const LEFTOVER = /\b(TODO|FIXME)\b/g;

/** Node runs our TypeScript by erasing the types: what would need compiling cannot be used. */
export function compiledSyntax(files: readonly SourceFile[]): Fault[] {
  return files.filter(isCode).flatMap((file) => {
    const faults: Fault[] = [];
    const refuse = (what: string, instead: string) => (node: Node) => {
      faults.push(faultAt(file, node.start, `${what}: ${instead}`));
    };
    const refuseNamespace = refuse('namespace', 'a file is already one');
    visit(file, {
      TSEnumDeclaration: refuse('enum', 'use a union of strings'),
      // `declare module 'x'` and `declare global` only describe: they may stay.
      TSModuleDeclaration: (node) => {
        if (node.kind !== 'global' && node.id.type !== 'Literal') refuseNamespace(node);
      },
      TSParameterProperty: refuse('parameter property', 'declare the field and assign it'),
      Decorator: refuse('decorator', 'call a function'),
    });
    return faults;
  });
}

/** A thing has one name everywhere. Configuration files of tools must export a default. */
export function defaultExports(files: readonly SourceFile[]): Fault[] {
  const judged = files.filter((file) => isCode(file) && !matchesGlob(file.path, '*.config.ts'));
  return judged.flatMap((file) => {
    const faults: Fault[] = [];
    const refuse = ({ start }: Node) =>
      faults.push(faultAt(file, start, 'default export: give it its name'));
    visit(file, {
      ExportDefaultDeclaration: refuse,
      ExportSpecifier: ({ exported }) => {
        if (exported.type === 'Identifier' && exported.name === 'default') refuse(exported);
      },
    });
    return faults;
  });
}

/** The environment is read at the entry points and passed on as a Config. */
export function strayEnvironment(files: readonly SourceFile[]): Fault[] {
  return files
    .filter((file) => isCode(file) && !isEntry(file.path))
    .flatMap((file) =>
      environmentReads(file).map((node) =>
        faultAt(file, node.start, 'reads the environment: take what you need from the Config'),
      ),
    );
}

/** What is left to do is done, or written down where it is planned. */
export function leftovers(files: readonly SourceFile[]): Fault[] {
  return files.flatMap((file) =>
    proseOf(file).flatMap(({ text, start }) =>
      [...text.matchAll(LEFTOVER)].map((match) =>
        faultAt(file, start + match.index, `${match[0]} left behind`),
      ),
    ),
  );
}

/** In code only the comments: in a message, the Portuguese word for "all" is no leftover. */
function proseOf(file: SourceFile): { text: string; start: number }[] {
  if (!isCode(file)) return [{ text: file.text, start: 0 }];
  return commentsOf(file).map(({ start, end }) => ({ text: file.text.slice(start, end), start }));
}

/** `process.env`, `process['env']`, `{ env } = process`, `import { env } from 'node:process'`. */
function environmentReads(file: SourceFile): Node[] {
  const reads: Node[] = [];
  const textOf = ({ start, end }: Node) => file.text.slice(start, end).replace(/^['"]|['"]$/g, '');
  const isEnv = (node: Node) => textOf(node) === 'env';
  visit(file, {
    MemberExpression(node) {
      if (isProcess(node.object) && isEnv(node.property)) reads.push(node);
    },
    VariableDeclarator({ id, init }) {
      if (id.type !== 'ObjectPattern' || !isProcess(init)) return;
      reads.push(...id.properties.filter((one) => one.type === 'Property' && isEnv(one.key)));
    },
    ImportDeclaration({ source, specifiers }) {
      if (!/^(node:)?process$/.test(source.value)) return;
      reads.push(
        ...specifiers.filter((one) => one.type === 'ImportSpecifier' && isEnv(one.imported)),
      );
    },
  });
  return reads;
}

const isProcess = (node: Node | null) => node?.type === 'Identifier' && node.name === 'process';

const isEntry = (path: string) => ENTRY_POINTS.some((glob) => matchesGlob(path, glob));
