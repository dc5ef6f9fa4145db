import { posix } from 'node:path';

import { parseSync, Visitor } from 'oxc-parser';
import type { Expression, ParseResult, VisitorObject } from 'oxc-parser';

/** A file as the rules see it: its path from the root, with `/`, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** One place where a rule is broken. The reason is one line, written for whoever must mend it. */
export interface Fault {
  readonly path: string;
  readonly line: number;
  readonly reason: string;
}

export type Rule = (files: readonly SourceFile[]) => Fault[];

/** Each fault on a line of its own, in the form that editors open: `file:line reason`. */
export function faultLines(rule: Rule, files: readonly SourceFile[]): string[] {
  return rule(files).map(({ path, line, reason }) => `${path}:${line} ${reason}`);
}

/** A small house to try a rule on: path → text. */
export function houseOf(texts: Readonly<Record<string, string>>): SourceFile[] {
  return Object.entries(texts).map(([path, text]) => ({ path, text }));
}

/** One import, re-export, `import()` or `import('…')` type. */
export interface Import {
  /** The path from the root for our own files, otherwise the name of the library. */
  readonly target: string;
  readonly own: boolean;
  /**
   * True for `import type` only: `import { type X }` still loads the file at run time,
   * because Node's type stripping (and `verbatimModuleSyntax`) keeps the statement.
   */
  readonly typeOnly: boolean;
  readonly offset: number;
}

export const isCode = (file: SourceFile) => file.path.endsWith('.ts');

/** Calls back for each node of the kinds that `visitor` names, in the order of the text. */
export function visit(file: SourceFile, visitor: VisitorObject): void {
  new Visitor(visitor).visit(parse(file).program);
}

export const commentsOf = (file: SourceFile) => parse(file).comments;

/** What a file imports, in the order of its text. An `import()` of a computed path is not seen. */
export function importsOf(file: SourceFile): Import[] {
  const found: Import[] = [];
  const add = (source: Expression | null, typeOnly: boolean, offset: number) => {
    const specifier = source && stringOf(source);
    if (specifier) found.push({ ...locate(file, specifier), typeOnly, offset });
  };
  visit(file, {
    ImportDeclaration: (node) => add(node.source, node.importKind === 'type', node.start),
    ExportNamedDeclaration: (node) => add(node.source, node.exportKind === 'type', node.start),
    ExportAllDeclaration: (node) => add(node.source, node.exportKind === 'type', node.start),
    ImportExpression: (node) => add(node.source, false, node.start),
    TSImportType: (node) => add(node.source, true, node.start),
  });
  return found;
}

/** The value of a string literal; null for anything else. */
export function stringOf(node: Expression): string | null {
  return node.type === 'Literal' && typeof node.value === 'string' ? node.value : null;
}

export const lineAt = (text: string, offset: number) => text.slice(0, offset).split('\n').length;

export const faultAt = (file: SourceFile, offset: number, reason: string): Fault => ({
  path: file.path,
  line: lineAt(file.text, offset),
  reason,
});

const parsed = new WeakMap<SourceFile, ParseResult>();

/** Every rule asks for the same trees, so each file is parsed once. */
function parse(file: SourceFile): ParseResult {
  const known = parsed.get(file);
  if (known) return known;

  const result = parseSync(file.path, file.text);
  const [error] = result.errors;
  if (error) throw new Error(`${file.path}: ${error.message}`);
  parsed.set(file, result);
  return result;
}

function locate(file: SourceFile, specifier: string): Pick<Import, 'target' | 'own'> {
  if (specifier.startsWith('.')) {
    return { target: posix.join(posix.dirname(file.path), specifier), own: true };
  }
  const [scope = '', name = ''] = specifier.split('/');
  return { target: specifier.startsWith('@') ? `${scope}/${name}` : scope, own: false };
}
