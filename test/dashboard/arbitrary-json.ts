import * as fc from 'fast-check';

export type Schema = { readonly [keyword: string]: unknown };

interface Source {
  /** `components.schemas` of the document. */
  readonly schemas: Readonly<Record<string, Schema>>;
  /** Values worth trying, by the name of the field: such as ids of what exists. */
  readonly known: Readonly<Record<string, readonly string[]>>;
}

/** Values that a JSON Schema allows: as much of JSON Schema as the document uses. */
export function valuesOf(schema: Schema, source: Source, field = ''): fc.Arbitrary<unknown> {
  const known = source.known[field];
  const made = madeFrom(schema, source);
  return known ? fc.oneof({ arbitrary: fc.constantFrom(...known), weight: 3 }, made) : made;
}

function madeFrom(schema: Schema, source: Source): fc.Arbitrary<unknown> {
  if (typeof schema['$ref'] === 'string') return valuesOf(referred(schema['$ref'], source), source);
  const choices = (schema['anyOf'] ?? schema['oneOf']) as Schema[] | undefined;
  if (choices) return fc.oneof(...choices.map((choice) => valuesOf(choice, source)));
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as unknown[]));
  if ('const' in schema) return fc.constant(schema['const']);
  if (schema['type'] === 'integer') return integers(schema);
  if (schema['type'] === 'string') return strings(schema);
  if (schema['type'] === 'array') return arrays(schema, source);
  if (schema['type'] === 'object') return objects(schema, source);
  throw new Error(`no values are known for ${JSON.stringify(schema)}: teach them here`);
}

function referred(path: string, { schemas }: Source): Schema {
  const found = schemas[path.replace('#/components/schemas/', '')];
  if (!found) throw new Error(`${path} leads nowhere`);
  return found;
}

function integers({ minimum = 0, maximum = 1_000 }: Schema): fc.Arbitrary<number> {
  return fc.integer({ min: Number(minimum), max: Number(maximum) });
}

function strings({
  minLength = 0,
  maxLength = 200,
  pattern,
  format,
}: Schema): fc.Arbitrary<string> {
  if (format === 'date-time') return instants();
  const [min, max] = [Number(minLength), Number(maxLength)];
  const wanted = new RegExp(typeof pattern === 'string' ? pattern : '', 'u');
  const fits = (text: string) => text.length >= min && text.length <= max && wanted.test(text);
  const texts = fc.string({ unit: 'grapheme', maxLength: Math.min(max, 60) });
  return texts.map((text) => text.trim() || 'x').filter(fits);
}

function instants(): fc.Arbitrary<string> {
  const range = { min: new Date(0), max: new Date('2026-06-01'), noInvalidDate: true };
  return fc.date(range).map((date) => date.toISOString());
}

function arrays({ items, minItems = 0 }: Schema, source: Source): fc.Arbitrary<unknown[]> {
  const values = valuesOf(items as Schema, source);
  return fc.array(values, { minLength: Number(minItems), maxLength: Number(minItems) + 4 });
}

function objects({ properties, required = [] }: Schema, source: Source): fc.Arbitrary<unknown> {
  if (!properties) return fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }));
  const fields = Object.entries(properties as Record<string, Schema>).map(([name, schema]) => {
    return [name, valuesOf(schema, source, name)];
  });
  const record = Object.fromEntries(fields) as Record<string, fc.Arbitrary<unknown>>;
  return fc.record(record, { requiredKeys: required as string[] });
}

/** What stands where something else should. */
const WRONG = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(null, true, -1, 1e300, '', ' ', [], {}, [[]], '\ud800', 'a\u0000b'),
  fc.constantFrom<unknown>(
    'x'.repeat(70_000),
    { deep: nested(70) },
    nested(12),
    '0000-01-01T00:00:00Z',
  ),
  fc.constantFrom<unknown>(
    '9999-12-31T23:59:59.999Z',
    '2026-02-30T00:00:00Z',
    '2026-01-01T24:00:00Z',
  ),
);
const ODD_NAMES = fc.constantFrom(
  '__proto__',
  'constructor',
  'toString',
  '',
  'id',
  'ünknown',
  '\ud800',
);

/** The same values, each with one thing wrong somewhere inside. */
export function mutated(values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc
    .tuple(values, fc.array(fc.nat(20), { maxLength: 3 }), WRONG, ODD_NAMES, fc.nat(3))
    .map(([value, way, wrong, name, kind]) =>
      changed(value, way, (inner) => {
        if (kind === 0 || typeof inner !== 'object' || inner === null) return wrong;
        if (kind === 1) return withEntry(inner, name, wrong);
        return without(inner, kind + way.length);
      }),
    );
}

/** @param way Which child to go to at each step; it ends where there are none. */
function changed(
  value: unknown,
  way: readonly number[],
  change: (inner: unknown) => unknown,
): unknown {
  const [step, ...rest] = way;
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const [name, inner] = entries[(step ?? 0) % Math.max(1, entries.length)] ?? [];
  if (step === undefined || name === undefined) return change(value);
  return withEntry(value as object, name, changed(inner, rest, change));
}

function withEntry(object: object, name: string, value: unknown): unknown {
  if (Array.isArray(object)) return [...(object as unknown[]).slice(1), value];
  // As JSON has it: `__proto__` is a name like any other.
  return Object.defineProperty({ ...object }, name, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function without(object: object, nth: number): unknown {
  const entries = Object.entries(object);
  const left = entries.filter((_, at) => at !== nth % Math.max(1, entries.length));
  return Array.isArray(object)
    ? left.map(([, value]) => value as unknown)
    : Object.fromEntries(left);
}

function nested(levels: number): unknown {
  return levels === 0 ? 'deep' : { a: [nested(levels - 1)] };
}
