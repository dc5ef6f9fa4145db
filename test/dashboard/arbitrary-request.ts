import { deflateSync, gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { mutated, type Schema, valuesOf } from './arbitrary-json.ts';
import type { Question } from './caller.ts';

/** The OpenAPI document, as far as requests are made from it. */
export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

export interface Operation {
  readonly operationId: string;
  readonly parameters: readonly {
    name: string;
    in: 'path' | 'query';
    required: boolean;
    schema: Schema;
  }[];
  readonly requestBody?: { readonly content: { 'application/json': { schema: Schema } } };
  readonly responses: Readonly<Record<string, { content?: Record<string, { schema: Schema }> }>>;
}

export interface OperationPlace {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

export type Asked = Question & { readonly path: string; readonly method: string };

export function operationsOf({ paths }: Document): OperationPlace[] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ method, path, operation })),
  );
}

/** Requests for one operation: as the document wants them, or with something wrong. */
export function requestsOf(
  { method, path, operation }: OperationPlace,
  { document, known }: { document: Document; known: Record<string, readonly string[]> },
): fc.Arbitrary<Asked> {
  const source = { schemas: document.components.schemas, known };
  const values = (place: 'path' | 'query') =>
    operation.parameters
      .filter((parameter) => parameter.in === place)
      .map(({ name, schema }) => [name, textsOf(valuesOf(schema, source, name))] as const);
  const query = queries(values('query'));
  const ids = fc.record(Object.fromEntries(values('path')));
  const schema = operation.requestBody?.content['application/json'].schema;
  const payload = schema
    ? payloads(valuesOf(schema, source))
    : fc.constant<Payload>({ headers: {} });

  return fc.tuple(ids, query, payload, HEADERS).map(([named, asked, { headers, body }, more]) => ({
    method: method.toUpperCase(),
    path: path.replaceAll(/\{(\w+)\}/g, (_, name: string) => named[name] ?? '') + asked,
    headers: { ...more, ...headers },
    body,
  }));
}

const HEADERS = fc.record(
  {
    'if-none-match': fc.constantFrom('*', 'W/"a"', '"a", W/"b"', ''),
    'accept-encoding': fc.constantFrom('gzip', 'br', 'deflate', 'identity;q=0', 'gzip;q=x', '*'),
    'x-request-id': fc.constantFrom('mine-1', 'no good', '', 'x'.repeat(200)),
  },
  { requiredKeys: [] },
);

const ODD_TEXTS = fc.constantFrom(
  '%',
  '%E0%A4%A',
  '%ED%A0%80',
  '%00',
  '%2F..%2F',
  '..',
  '%20',
  '+',
  '',
  '%F0%9F%93%A6',
  '-1',
  '1e3',
  'NaN',
  '0',
  '501',
  'null',
  'AAAA',
  'x'.repeat(3_000),
  "'%20or%201=1--",
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999Z',
  '1970-01-01T00:00:00%2B14:00',
);
const ODD_PAIRS = fc.constantFrom(
  '__proto__=1',
  'limit[]=1',
  '&&',
  '=',
  'unknown=1',
  '%=1',
  'a[b]=c',
);

/** As it stands in a URL: mostly right, at times anything. */
function textsOf(values: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  const right = values.map((value) => encodeURIComponent(String(value)));
  return fc.oneof({ arbitrary: right, weight: 6 }, ODD_TEXTS);
}

function queries(
  values: readonly (readonly [string, fc.Arbitrary<string>])[],
): fc.Arbitrary<string> {
  const pairs = values.map(([name, texts]) => texts.map((text) => `${name}=${text}`));
  const some = fc.oneof(...pairs.map((arbitrary) => ({ arbitrary, weight: 4 })), ODD_PAIRS);
  // Of one name at most, as it should be; or any, twice if so it comes.
  const proper = fc.tuple(...pairs.map((pair) => fc.option(pair, { nil: '', freq: 1 })));
  const all = fc.oneof({ arbitrary: proper, weight: 3 }, fc.array(some, { maxLength: 3 }));
  return all.map((parts) => parts.filter(Boolean).join('&')).map((text) => text && `?${text}`);
}

interface Payload {
  readonly headers: Record<string, string>;
  readonly body?: Buffer;
}

const JSON_TYPE = { 'content-type': 'application/json' };

const asJson = (value: unknown): Payload => ({
  headers: JSON_TYPE,
  body: Buffer.from(JSON.stringify(value)),
});

/** JSON as wanted, JSON with a fault, and bytes that are none, or not said to be. */
function payloads(values: fc.Arbitrary<unknown>): fc.Arbitrary<Payload> {
  const right = values.map(asJson);
  const wrong = mutated(values).map(asJson);
  const packed = right.map(({ body = Buffer.alloc(0) }) => {
    return { headers: { ...JSON_TYPE, 'content-encoding': 'gzip' }, body: gzipSync(body) };
  });
  const spoilt = fc
    .tuple(fc.oneof(right, wrong), fc.constantFrom(...SPOILERS))
    .map(([payload, spoil]) => spoil(payload));
  const weighted = [
    { arbitrary: right, weight: 4 },
    { arbitrary: wrong, weight: 6 },
  ];
  return fc.oneof(...weighted, packed, { arbitrary: spoilt, weight: 3 });
}

const bodyOf = ({ body }: Payload) => body ?? Buffer.alloc(0);
const typed = (type: string) => (payload: Payload) => ({
  ...payload,
  headers: { 'content-type': type },
});
const encoded = (encoding: string) => (payload: Payload) => {
  return { ...payload, headers: { ...JSON_TYPE, 'content-encoding': encoding } };
};

const SPOILERS: readonly ((payload: Payload) => Payload)[] = [
  (payload) => ({ ...payload, body: bodyOf(payload).subarray(0, -1) }),
  (payload) => ({ ...payload, body: bodyOf(payload).subarray(0, bodyOf(payload).length / 2) }),
  (payload) => ({ ...payload, body: Buffer.concat([Buffer.from('\ufeff'), bodyOf(payload)]) }),
  (payload) => ({ ...payload, body: Buffer.from(bodyOf(payload).toString(), 'utf16le') }),
  () => ({ headers: JSON_TYPE, body: Buffer.from([0xff, 0xfe, 0x00]) }),
  () => ({ headers: JSON_TYPE, body: Buffer.alloc(0) }),
  () => ({ headers: JSON_TYPE, body: Buffer.from('['.repeat(100_000)) }),
  () => ({ headers: JSON_TYPE, body: Buffer.alloc(4 * 1024 * 1024 + 1, ' ') }),
  () => ({ headers: JSON_TYPE }),
  ({ body }) => ({ headers: {}, ...(body && { body }) }),
  ...['text/plain', 'application/x-www-form-urlencoded', 'application/json-patch+json'].map(typed),
  ...['application/json; charset=utf-16', 'application/json; charset=x', 'application/json;'].map(
    typed,
  ),
  ...['gzip', 'deflate', 'br', 'zstd', 'x', 'gzip, gzip'].map(encoded),
  (payload) => encoded('deflate')({ ...payload, body: deflateSync(bodyOf(payload)) }),
  (payload) => encoded('gzip')({ ...payload, body: gzipSync(bodyOf(payload)).subarray(0, -9) }),
];
