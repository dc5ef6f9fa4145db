import { hash } from 'node:crypto';
import { type CheckedMessage, checkMessage, type Role } from '../../domain/message.ts';
import { messageIdOf, messageKey } from '../../domain/message-id.ts';
import { UsageError } from '../command.ts';
import { table } from '../table.ts';
import type { Rule, Wanted } from './columns.ts';
import { type Field, FIELDS, guessColumns, REQUIRED_FIELDS, USUAL_ROLES } from './guesses.ts';
import { momentOf } from './moment.ts';
import type { Source, SourceRecord, Values } from './source.ts';

/** How records become Messages. */
export interface Mapping {
  readonly rules: Readonly<Record<Field, Rule>>;
  /** By values in lower case. */
  readonly roles: Readonly<Record<string, Role>>;
}

/**
 * What the caller says, and for all else the usual names.
 *
 * @throws UsageError If a field is found nowhere, or a column named is not there.
 */
export function mapSource(source: Source, wanted: Wanted): Mapping {
  const guessed = guessColumns(source.columns.filter((column) => !isClaimed(column, wanted)));
  const rules = Object.fromEntries(
    FIELDS.map((field) => [
      field,
      wanted.rules[field] ?? guessedRule(field, guessed[field], source),
    ]),
  ) as Record<Field, Rule>;
  for (const field of FIELDS) {
    const rule = rules[field];
    if (rule.kind === 'column' && !source.columns.includes(rule.column)) {
      throw new UsageError(
        `--columns: ${field}: ${source.name} has no column ${rule.column}; ${columnsOf(source)}`,
      );
    }
  }
  const missing = REQUIRED_FIELDS.filter((field) => rules[field].kind === 'absent');
  if (missing.length > 0) {
    throw new UsageError(
      `no column looks like ${missing.join(', ')}; say --columns "${missing[0]}=COLUMN", or ` +
        `"${missing[0]}='a text for all'"; ${columnsOf(source)}`,
    );
  }
  return { rules, roles: { ...USUAL_ROLES, ...wanted.roles } };
}

/** Of the source and the mapping: with another mapping, all is read anew. */
export function fingerprintOf(source: Source, mapping: Mapping): string {
  return hash('sha256', JSON.stringify([source.identity, mapping]));
}

/** Before anything is done. */
export function showMapping({ rules }: Mapping): string {
  const lines = FIELDS.map((field) => [field, describe(field, rules[field])]);
  return table(['field', 'comes from'], lines);
}

function describe(field: Field, rule: Rule): string {
  if (rule.kind === 'column') return `column ${rule.column}`;
  if (rule.kind === 'constant') return `the text ${JSON.stringify(rule.text)}`;
  return field === 'messageId' ? 'made from the place in the source' : 'nowhere: left out';
}

const columnsOf = ({ columns }: Source) => `there are: ${columns.join(', ')}`;

function isClaimed(column: string, { rules }: Wanted): boolean {
  return Object.values(rules).some((rule) => rule.kind === 'column' && rule.column === column);
}

function guessedRule(field: Field, column: string | undefined, { samples }: Source): Rule {
  if (column === undefined) return { kind: 'absent' };
  const values = samples.map((sample) => valueAt(sample, column)).filter(isThere);
  if (field === 'messageId' && values.some(isCount)) return { kind: 'absent' };
  if (field === 'metadata' && !values.every(isObjectText)) return { kind: 'absent' };
  return { kind: 'column', column };
}

const isThere = (value: unknown) => value !== undefined && value !== null;
/** A number that counts rows is no id: another table has the same. */
const isCount = (value: unknown) => typeof value === 'number' || /^\d{0,15}$/.test(String(value));
const isObjectText = (value: unknown) => {
  return typeof value === 'object' || (typeof value === 'string' && /^\s*(\{|$)/.test(value));
};

/** @returns What makes a Message of a record, or tells what is wrong with it. */
export function openMapper({ rules, roles }: Mapping, nowMs: number) {
  const read = (field: Field): ((values: Values) => unknown) => {
    const rule = rules[field];
    if (rule.kind === 'column') return (values) => valueAt(values, rule.column);
    return () => (rule.kind === 'constant' ? rule.text : undefined);
  };
  const readers = Object.fromEntries(FIELDS.map((field) => [field, read(field)])) as Record<
    Field,
    (values: Values) => unknown
  >;

  return (origin: string, { place, values, fault }: SourceRecord): CheckedMessage => {
    if (values === null) {
      return { message: null, fault: { field: 'record', reason: fault ?? 'cannot be read' } };
    }
    const said = readers.role(values) ?? '';
    const role = typeof said === 'string' ? said.trim() : JSON.stringify(said);
    const createdAt = momentOf(readers.createdAt(values));
    const conversationId = textOf(readers.conversationId(values));
    const metadata = objectOf(readers.metadata(values));
    const candidate = {
      companyId: textOf(readers.companyId(values)),
      clientId: textOf(readers.clientId(values)),
      conversationId,
      messageId:
        textOf(readers.messageId(values)) ??
        derivedId(`${origin}\n${place}\n${String(createdAt)}\n${String(conversationId)}`),
      role: roles[role.toLowerCase()] ?? role,
      content: contentOf(readers.content(values)),
      createdAt,
      ...(metadata !== undefined && { metadata }),
    };
    const checked = checkMessage(candidate, nowMs);
    if (checked.fault?.field !== 'role') return checked;
    const reason = `is ${JSON.stringify(role.slice(0, 40))}, which means nobody here; say --roles "VALUE=bot"`;
    return { message: null, fault: { field: 'role', reason } };
  };
}

/** A column; in JSON also one inside of an object, `author.role`. */
function valueAt(values: Values, column: string): unknown {
  if (column in values) return values[column];
  let value: unknown = values;
  for (const part of column.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Values)[part];
  }
  return value;
}

/** Numbers are ids, too, and 16 bytes are a UUID; nothing stays nothing. */
function textOf(value: unknown): unknown {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (Buffer.isBuffer(value))
    return value.length === 16 ? messageIdOf(value, null) : value.toString();
  return value;
}

function contentOf(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString();
  return typeof value === 'number' ? String(value) : value;
}

/** JSON text is what it says. What is no object is left for the check to refuse. */
function objectOf(value: unknown): unknown {
  if (value === null || value === undefined || value === '') return undefined;
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value) ?? undefined;
  } catch {
    return value;
  }
}

/** A UUID that depends on nothing but its seed: the same record is the same Message every time. */
function derivedId(seed: string): string {
  return messageIdOf(messageKey(seed), null);
}
