import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { Queue } from 'bullmq';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ID_LENGTH_MAX, Message } from '../../domain/message.ts';
import type { QueueContract } from '../../queues/define-queue.ts';
import { contractOf, QUEUE_NAMES } from '../../queues/index.ts';
import { eventually, openTestHouse, type TestHouse } from '../house.ts';

const ROOT = join(import.meta.dirname, '../..');
const DOCS = join(ROOT, 'docs/queues');
const [EXAMPLE] = contractOf('persist').example.messages as [Message];

describe.each(QUEUE_NAMES)('the published schema of %s', (name) => {
  it('is taken by the strictest reader, and so is its example', async () => {
    const schema = await readSchema(name);
    const validate = compile(schema);
    const contract = contractOf(name) as QueueContract;
    expect(schema['examples']).toHaveLength(1);
    for (const example of schema['examples'] as unknown[]) {
      expect(validate(example), JSON.stringify(validate.errors)).toBe(true);
      expect(contract.payload.parse(example)).toEqual(example);
      expect(contract.document?.parse(example) ?? example).toEqual(example);
    }
  });

  it('says of each field what it is', async () => {
    const silent = fieldsOf(await readSchema(name)).filter(([, field]) => !('type' in field));
    expect(silent).toEqual([]);
  });
});

describe('the published schema of a Message', () => {
  const wrong: [string, object][] = [
    ['another role', { role: 'customer' }],
    ['no content', { content: undefined }],
    ['content that is too long', { content: 'a'.repeat(65_537) }],
    ['an id that is too long', { clientId: 'a'.repeat(65) }],
    ['an empty id', { clientId: '' }],
    ['a blank around an id', { conversationId: 'a ' }],
    ['a line feed in an id', { messageId: 'a\nb' }],
    ['a moment without offset', { createdAt: '2026-01-31T12:00:00' }],
    ['metadata that is a list', { metadata: ['a'] }],
    ['a field nobody knows', { text: 'a' }],
  ];

  it.each(wrong)('refuses %s, as the fleet does', async (_, given) => {
    const message = JSON.parse(JSON.stringify({ ...EXAMPLE, ...given })) as object;
    expect(compile(await readSchema('persist'))({ messages: [message] })).toBe(false);
    expect(Message.safeParse(message).success).toBe(false);
  });

  it('refuses none and too many', async () => {
    const validate = compile(await readSchema('persist'));
    const jobs = [0, 1, 500, 501].map((length) => Array.from({ length }, () => EXAMPLE));
    const verdicts = jobs.map((messages) => validate({ messages }));
    expect(verdicts).toEqual([false, true, true, false]);
  });

  // The published pattern is another than ours, for readers whose regular expressions know less.
  it('agrees with ours about every id that is whole Unicode', async () => {
    const validate = compile(await readSchema('persist'));
    const character = fc.oneof(
      fc.constantFrom(' ', '\t', '\n', '\u00a0', '\u3000', '\u0085', '\u009f', '\u0000', '\ufeff'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
    );
    const id = fc
      .array(character, { maxLength: 6 })
      .map((characters) => characters.join(''))
      .filter((text) => text.isWellFormed() && text.length <= ID_LENGTH_MAX);
    fc.assert(
      fc.property(id, (clientId) => {
        const message = { ...EXAMPLE, clientId };
        expect(validate({ messages: [message] })).toBe(Message.safeParse(message).success);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a job that another client wrote', () => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await openTestHouse();
    await house.runFleet();
  });
  afterAll(() => house.close());

  const stored = (companyId: string) =>
    eventually(
      async () => (await house.wiring.findMessages({ companyId, limit: 10 })).messages,
      (messages) => messages.length > 0,
    );

  it('is stored when it fits the published schema, without any option', async () => {
    const { queueRedisUrl, keyPrefix } = house.config;
    const queue = new Queue('persist', {
      connection: { url: queueRedisUrl },
      prefix: `{${keyPrefix}}`,
    });
    const message = { ...EXAMPLE, companyId: 'plain', createdAt: '2026-01-31T13:00:00.5+01:00' };
    const payload = { messages: [message] };
    expect(compile(await readSchema('persist'))(payload)).toBe(true);

    await queue.add('persist', payload);
    await queue.close();

    expect(await stored('plain')).toEqual([{ ...message, createdAt: '2026-01-31T12:00:00.500Z' }]);
  });

  it('is stored when it comes from the lines in the docs', async () => {
    const { queueRedisUrl, keyPrefix } = house.config;
    const page = await readFile(join(DOCS, 'README.md'), 'utf8');
    const [, code = ''] = /```js\n(.*?)```/s.exec(page) ?? [];
    const folder = await mkdtemp(join(ROOT, '.camadas', 'snippet-')); // Here it finds bullmq.
    const file = join(folder, 'snippet.mjs');
    await writeFile(file, code.replace('{camadas}', `{${keyPrefix}}`));

    const env = { ...process.env, QUEUE_REDIS_URL: queueRedisUrl };
    await promisify(execFile)(process.execPath, [file], { env });
    await rm(folder, { recursive: true });

    expect(await stored('lantern-loop')).toMatchObject([{ content: 'where is my order? 📦' }]);
  });
});

async function readSchema(name: string): Promise<AnySchemaObject> {
  return JSON.parse(await readFile(join(DOCS, `${name}.schema.json`), 'utf8')) as AnySchemaObject;
}

function compile(schema: AnySchemaObject) {
  const ajv = new Ajv2020({ strict: true });
  addFormats.default(ajv);
  return ajv.compile(schema);
}

/** Every schema inside of a schema, with its path. */
function fieldsOf(schema: AnySchemaObject, path = ''): [string, AnySchemaObject][] {
  const { properties, items } = schema as Partial<Record<string, AnySchemaObject>>;
  const inner = Object.entries({ ...properties, ...(items && { '[]': items }) });
  return [
    [path, schema],
    ...inner.flatMap(([name, field]) => fieldsOf(field as AnySchemaObject, `${path}/${name}`)),
  ];
}
