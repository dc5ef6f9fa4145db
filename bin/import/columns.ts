import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { type Role, ROLES } from '../../domain/message.ts';
import { UsageError } from '../command.ts';
import { type Field, FIELDS } from './guesses.ts';

/** Where a field comes from: a column, the same text for all, or nowhere. */
export type Rule =
  | { readonly kind: 'column'; readonly column: string }
  | { readonly kind: 'constant'; readonly text: string }
  | { readonly kind: 'absent' };

export interface Wanted {
  readonly rules: Partial<Record<Field, Rule>>;
  /** By values in lower case. */
  readonly roles: Readonly<Record<string, Role>>;
}

const FieldName = z.enum(FIELDS, { error: `a field is one of ${FIELDS.join(', ')}` });
const RoleName = z.enum(ROLES, { error: `a role is one of ${ROLES.join(', ')}` });
const ColumnsFile = z.strictObject({
  ...Object.fromEntries(FIELDS.map((field) => [field, z.string().optional()])),
  roles: z.record(z.string(), RoleName).optional(),
});

/** What the flags say; those of the command line win over the file's. */
export async function readWanted(flags: {
  columns?: string | undefined;
  file?: string | undefined;
  roles?: string | undefined;
}): Promise<Wanted> {
  const file =
    flags.file === undefined ? { rules: {}, roles: {} } : await readColumnsFile(flags.file);
  return {
    rules: { ...file.rules, ...parseColumns(flags.columns ?? '') },
    roles: { ...file.roles, ...parseRoles(flags.roles ?? '') },
  };
}

/** `companyId='acme',content=body,metadata=`: a text in quotes, a column, nothing. */
export function parseColumns(text: string): Partial<Record<Field, Rule>> {
  const rules: Partial<Record<Field, Rule>> = {};
  for (const [name, value] of pairsOf('--columns', text)) {
    const field = FieldName.safeParse(name);
    if (!field.success) throw new UsageError(`--columns: ${name}: ${firstOf(field.error)}`);
    rules[field.data] = ruleOf(value);
  }
  return rules;
}

/** `assistant=bot,human=user`. */
export function parseRoles(text: string): Record<string, Role> {
  const roles: Record<string, Role> = {};
  for (const [value, name] of pairsOf('--roles', text)) {
    const role = RoleName.safeParse(name);
    if (!role.success) throw new UsageError(`--roles: ${value}=${name}: ${firstOf(role.error)}`);
    roles[unquoted(value).toLowerCase()] = role.data;
  }
  return roles;
}

const PAIR = /\s*('(?:[^']|'')*'|[^=,']+)=('(?:[^']|'')*'|[^,']*)\s*(?:,|$)/y;

function pairsOf(flag: string, text: string): [string, string][] {
  const pairs: [string, string][] = [];
  PAIR.lastIndex = 0;
  for (let at = 0; at < text.length; at = PAIR.lastIndex) {
    const [, name, value] = PAIR.exec(text) ?? [];
    if (name === undefined || value === undefined) {
      throw new UsageError(`${flag}: cannot be read from ${JSON.stringify(text.slice(at))} on`);
    }
    pairs.push([name.trim(), value.trim()]);
  }
  return pairs;
}

function ruleOf(value: string): Rule {
  if (value === '') return { kind: 'absent' };
  if (value.startsWith("'")) return { kind: 'constant', text: unquoted(value) };
  return { kind: 'column', column: value };
}

function unquoted(text: string): string {
  return text.startsWith("'") ? text.slice(1, -1).replaceAll("''", "'") : text;
}

async function readColumnsFile(file: string): Promise<Wanted> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new UsageError(`--columns-file: ${file} cannot be read; check the path`);
  });
  const parsed = ColumnsFile.safeParse(parseJson(text));
  if (!parsed.success) throw new UsageError(`--columns-file: ${file}: ${firstOf(parsed.error)}`);
  const { roles = {}, ...columns } = parsed.data;
  const rules: Partial<Record<Field, Rule>> = {};
  for (const field of FIELDS) {
    const value = (columns as Partial<Record<Field, string>>)[field];
    if (value !== undefined) rules[field] = ruleOf(value);
  }
  const lowerCase = Object.entries(roles).map(([value, role]) => [value.toLowerCase(), role]);
  return { rules, roles: Object.fromEntries(lowerCase) as Record<string, Role> };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function firstOf(error: z.ZodError): string {
  const issue = error.issues[0];
  return [issue?.path.join('.'), issue?.message].filter(Boolean).join(': ');
}
