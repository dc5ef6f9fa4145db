import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { routes } from '../../dashboard/routes.ts';
import { SCOPES } from '../../domain/api-key.ts';
import { eventually, openTestHouse, type TestHouse } from '../house.ts';
import { type Document, operationsOf, requestsOf } from './arbitrary-request.ts';
import { type Answer, type Caller, openCaller, unpacked } from './caller.ts';
import { OpenApiDocument, referencesIn, schemasIn } from './openapi-shape.ts';
import { messagesOf } from './questions.ts';

/** The same requests each time; another seed, such as one that failed, by CONTRACT_SEED. */
const SEED = Number(process.env['CONTRACT_SEED'] ?? 20_261_125);
const REQUESTS_PER_OPERATION = 320;
const COMPANY = 'padaria';

let house: TestHouse;
let caller: Caller;
let document: Document;
let ajv: Ajv2020;
const accepted = new Set<string>();

beforeAll(async () => {
  house = await openTestHouse({ REQUESTS_PER_SECOND_MAX: '100000' });
  await house.wiring.deps.storeMessages(messagesOf(COMPANY), AbortSignal.timeout(20_000));
  await house.runFleet();
  const { url } = await house.openDashboard();
  const wish = { companyId: COMPANY, scopes: SCOPES, label: '', expiresAt: null };
  caller = openCaller(url, (await house.wiring.keys.create(wish, Date.now())).token);
  document = JSON.parse((await caller.get('/openapi.json')).text) as Document;
  ajv = openAjv(document);
});
afterAll(async () => {
  caller?.close();
  await house?.close();
});

describe('the OpenAPI document', () => {
  it('is one: every object has the fields of OpenAPI 3.1 and no other', () => {
    expect(OpenApiDocument.safeParse(document).error).toBeUndefined();
  });

  it('describes every route, each under its own name, each parameter of its path declared', () => {
    const operations = operationsOf(document);
    const names = operations.map(({ operation }) => operation.operationId);
    expect(names.toSorted()).toEqual(routes.map(({ name }) => name).toSorted());
    expect(new Set(names).size).toBe(names.length);
    for (const { path, operation } of operations) {
      const inPath = operation.parameters.filter((parameter) => parameter.in === 'path');
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(inPath.map(({ name }) => name)).toEqual(named);
    }
  });

  it('has schemas that mean something, and references that lead somewhere', () => {
    const references = [...new Set(referencesIn(document))];
    expect(references.length).toBeGreaterThan(5);
    for (const reference of references) expect(schemaAt(reference)).toBeDefined();
    const strict = openAjv(document);
    for (const schema of schemasIn(OpenApiDocument.parse(document))) {
      expect(() => strict.compile(relocated(schema))).not.toThrow();
    }
  });
});

describe('the running server keeps to it', () => {
  /** What was seen: a fuzzer that only meets refusals proves nothing. */
  const WANTED: Record<string, readonly number[]> = {
    createMessages: [202, 207, 400, 404, 413, 415, 422],
    conversationMessages: [200, 304, 400, 404],
    conversationSummary: [200, 202, 304, 400, 404],
    freshSummary: [202, 400, 404],
    summaryVersions: [200, 304, 400, 404],
    stats: [200, 304, 400, 404],
    clientStats: [200, 304, 400, 404],
    patterns: [202, 400, 404],
    conversations: [200, 304, 400, 404],
    messages: [200, 304, 400, 404],
    clearCache: [204, 400, 404],
  };

  it.each(routes.map(({ name }) => name))(
    'whatever is asked: %s',
    async (name) => {
      const place = operationsOf(document).find(({ operation }) => operation.operationId === name);
      if (!place) throw new Error(`${name} is not described`);
      const seen = new Set<number>();
      const requests = requestsOf(place, { document, known: await knownValues() });

      const property = fc.asyncProperty(requests, async (asked) => {
        const answer = await caller.ask(asked.path, asked);
        seen.add(answer.status);
        expectDescribed(answer, place.operation.responses);
        if (name === 'createMessages' && answer.status < 300) note(answer);
      });
      await fc.assert(property, {
        seed: SEED,
        numRuns: REQUESTS_PER_OPERATION,
        endOnFailure: false,
      });

      expect([...seen]).toEqual(expect.arrayContaining([...(WANTED[name] ?? [])]));
    },
    60_000,
  );

  it('P1: and all that it accepted is read back', async () => {
    expect(accepted.size).toBeGreaterThan(50);
    const stored = await eventually(readAllIds, (ids) => accepted.isSubsetOf(ids), 30_000);
    expect(stored.size).toBeGreaterThanOrEqual(accepted.size);
  }, 60_000);
});

function expectDescribed(
  answer: Answer,
  responses: Document['paths'][string][string]['responses'],
) {
  const response = responses[answer.status];
  if (!response) throw new Error(`${answer.status} is not described: ${answer.text}`);
  const requestId = answer.headers['x-request-id'];
  expect(requestId).toMatch(/^[\w.-]{1,64}$/);
  const text = unpacked(answer).toString();
  if (!response.content) return expect(text).toBe('');

  const type = answer.headers['content-type']?.split(';')[0] ?? '';
  const isProblem = answer.status >= 400;
  expect(type).toBe(isProblem ? 'application/problem+json' : 'application/json');
  const body = JSON.parse(text) as Record<string, unknown>;
  const validate = validatorOf(response.content[type]?.schema);
  expect(validate(body) || validate.errors).toBe(true);
  if (isProblem) expect(body).toMatchObject({ status: answer.status, requestId });
  if (answer.status === 503 || answer.status === 429) throw new Error(`busy: ${text}`);
}

function note(answer: Answer): void {
  interface Verdict {
    readonly isAccepted: boolean;
    readonly messageId: string;
  }
  const body = JSON.parse(answer.text) as { messageId?: string; verdicts?: Verdict[] };
  if (body.messageId !== undefined) accepted.add(body.messageId);
  for (const { isAccepted, messageId } of body.verdicts ?? [])
    if (isAccepted) accepted.add(messageId);
}

/** Ids and cursors of what there is, so that questions find something. */
async function knownValues(): Promise<Record<string, readonly string[]>> {
  const { text } = await caller.get('/messages?limit=2');
  const page = JSON.parse(text) as { before: string; after: string };
  const list = await caller.get('/messages/conversations?limit=1');
  const { before = '' } = JSON.parse(list.text) as { before?: string };
  const cursors = [page.before, page.after, before];
  return {
    companyId: [COMPANY, COMPANY, COMPANY, COMPANY, 'secreta'],
    conversationId: ['conversationId-padaria', 'conversationId-shared'],
    clientId: ['clientId-padaria', 'clientId-shared'],
    before: cursors,
    after: cursors,
  };
}

async function readAllIds(): Promise<Set<string>> {
  const ids = new Set<string>();
  let before: string | null = '';
  while (before !== null) {
    const query = before === '' ? '' : `&before=${before}`;
    const { text } = await caller.get(`/messages?limit=500${query}`);
    const page = JSON.parse(text) as { messages: { messageId: string }[]; before: string | null };
    for (const { messageId } of page.messages) ids.add(messageId);
    ({ before } = page);
  }
  return ids;
}

function openAjv({ components }: Document): Ajv2020 {
  const made = new Ajv2020({ strict: true, allErrors: false });
  ajvFormats.default(made);
  made.addSchema({ $id: 'document', $defs: relocated(components.schemas) });
  return made;
}

/** To the validator the document is one schema, whose definitions are the document's components. */
function relocated(schema: object): object {
  const text = JSON.stringify(schema).replaceAll('#/components/schemas/', 'document#/$defs/');
  return JSON.parse(text) as object;
}

function schemaAt(reference: string): unknown {
  const steps = reference.replace('#/', '').split('/');
  return steps.reduce<unknown>(
    (at, step) => (at as Record<string, unknown> | undefined)?.[step],
    document,
  );
}

const validators = new Map<object, ValidateFunction>();

function validatorOf(schema: object | undefined): ValidateFunction {
  if (!schema) throw new Error('no schema for this type of content');
  const known = validators.get(schema) ?? ajv.compile(relocated(schema));
  validators.set(schema, known);
  return known;
}
