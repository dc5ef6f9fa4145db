import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SEGMENT_SCHEMA } from '../../db/cold/segment.ts';
import { instantOf } from '../../domain/instant.ts';
import type { Message } from '../../domain/message.ts';
import { isUuid, messageIdOf, messageKey } from '../../domain/message-id.ts';
import { ALL_HOT, aMessage, openTestHouse, type TestHouse } from '../house.ts';

const signal = AbortSignal.timeout(600_000);
const HOME = join(import.meta.dirname, '..', '..');
const LATER = '2999-01-01T00:00:00.000Z';
const DAYS = ['2026-01-30', '2026-01-31', '2026-02-01'];
/** The second one is escaped in its key, the third one is cut. */
const COMPANIES = ['acme', 'Café & filhos/1=2', '株'.repeat(64)];
const TEXTS = [
  'Cadê o meu pedido? 📦',
  '\uFEFFmark',
  '"quoted", \r\n and\tmore',
  "it's \0 nothing ",
];

let house: TestHouse;
let folder: string;
let stored: Message[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'camadas-query-test-'));
  house = await openTestHouse({ ARCHIVE_URL: pathToFileURL(folder).href });
  stored = COMPANIES.flatMap((companyId) => DAYS.flatMap((day) => messagesOf(companyId, day)));
  await house.wiring.deps.storeMessages(stored, signal);
  for (const companyId of COMPANIES) {
    await house.wiring.archive.move({ companyId, tier: 'hot', before: LATER }, { signal });
    for (const day of DAYS) {
      await house.wiring.archive.move({ companyId, tier: 'warm', day }, { signal });
    }
    // Leaves the objects of the days behind, for readers that are not done.
    await house.wiring.archive.move({ companyId, tier: 'cold', month: '2026-01' }, { signal });
  }
});
afterAll(async () => {
  await house.close();
  await rm(folder, { recursive: true, force: true });
});

function messagesOf(companyId: string, day: string): Message[] {
  return TEXTS.map((content, nth) =>
    aMessage({
      companyId,
      conversationId: `order-${nth % 2}`,
      content,
      role: nth % 2 === 0 ? 'user' : 'bot',
      createdAt: instantOf(Date.parse(`${day}T23:59:59.990Z`) + nth),
      ...(nth === 0 && { metadata: { channel: 'whats"app', n: 1.5 } }),
      ...(nth === 1 && { messageId: `wamid.${companyId.slice(0, 9)}.${day}` }),
    }),
  );
}

function installation(): Record<string, string> {
  const { mysqlUrl, queueRedisUrl, cacheRedisUrl, keyPrefix, archiveUrl } = house.config;
  return {
    MYSQL_URL: mysqlUrl,
    QUEUE_REDIS_URL: queueRedisUrl,
    CACHE_REDIS_URL: cacheRedisUrl,
    KEY_PREFIX: keyPrefix,
    ARCHIVE_URL: archiveUrl ?? '',
  };
}

async function query(...args: string[]) {
  const child = spawn(process.execPath, [join(HOME, 'bin', 'cli.ts'), 'query', ...args], {
    cwd: tmpdir(),
    env: { ...process.env, ...ALL_HOT, ...installation() },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [[code], out, said] = await Promise.all([
    once(child, 'exit'),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code: Number(code), out, said };
}
const queryJson = async (...args: string[]) => {
  const { code, out, said } = await query(...args, '--format', 'json');
  expect(said).toBe('');
  expect(code).toBe(0);
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
};

describe('query', { timeout: 60_000 }, () => {
  it('gives every field of every cold Message bit for bit, each once', async () => {
    // Bytes, as DuckDB's package for Node leaves out a byte-order mark at the beginning.
    const rows = await queryJson(`select company_id, conversation_id, client_id, role,
      to_base64(encode(content)) as content, epoch_ms(created_at) as ms, external_id, metadata, message_id from messages`);
    const pages = await Promise.all(
      COMPANIES.map((companyId) => house.wiring.findMessages({ companyId, limit: 500 })),
    );
    const wanted = pages.flatMap(({ messages }) => messages);
    expect(rows).toHaveLength(stored.length);
    expect(rows.map(asText).toSorted()).toEqual(
      wanted.map((message) => asText(toRow(message))).toSorted(),
    );
  });

  it('reads the Segments of one Company and a span only', async () => {
    const [{ n, first } = {}] = await queryJson(
      'select count(*) as n, min(created_at)::varchar as first from messages',
      '--from=2026-01-31',
      '--to=2026-02-01',
      `--company=${COMPANIES[1]}`,
    );
    expect({ n, first }).toEqual({ n: TEXTS.length, first: '2026-01-31 23:59:59.99+00' });
  });

  it('shows the Catalogue, with addresses that others can read', async () => {
    const [{ rows, address } = {}] = await queryJson(
      `select rows, address from segments where company_id = 'acme' and last_created_at < '2026-02-01'`,
    );
    expect(rows).toBe(2 * TEXTS.length);
    expect((await readFile(String(address))).subarray(0, 4).toString()).toBe('PAR1');
  });

  it('has bloom filters that tell which Conversations a Segment has', async () => {
    const answers = await queryJson(`
      select bool_or(bloom_filter_excludes) as excluded from parquet_bloom_probe(
        '${folder}/company=acme/*/*.parquet', 'conversation_id', 'order-1')
      union all select bool_and(bloom_filter_excludes) from parquet_bloom_probe(
        '${folder}/company=acme/*/*.parquet', 'conversation_id', 'order-2')`);
    expect(answers).toEqual([{ excluded: false }, { excluded: true }]);
  });

  it('lets no text of a Message break a table or a line of CSV', async () => {
    const ordered = `select content from messages where company_id = 'acme'
      order by created_at limit 4`;
    const { out } = await query(ordered);
    expect(out.trim().split('\n')).toHaveLength(2 + TEXTS.length);
    expect(out).not.toMatch(/[^\P{Cc}\n]/u);
    const csv = await query(ordered, '--format', 'csv');
    expect(csv.out).toContain('"""quoted"", \r\n and\tmore"');
  });

  it('says in one sentence what is wrong, and fails', async () => {
    const unknown = await query('select nothing from messages');
    expect(unknown).toMatchObject({ code: 2, out: '', said: expect.stringMatching(/"nothing"/) });
    expect((await query()).said).toMatch(/give one text of SQL/);
    expect((await query('select 1', '--format', 'xml')).said).toMatch(/table, csv, json/);
    expect((await query('select 1', '--from', 'may')).said).toMatch(/--from: must be a day/);
  });

  it('has the views, empty, where there is no such Company', async () => {
    const { code, out, said } = await query('select count(*) as n from messages', '--company', 'x');
    expect({ code, rows: out.split('\n')[2]?.trim() }).toEqual({ code: 0, rows: '0' });
    expect(said).toContain('there are no such messages in the archive');
  });
});

const asText = (row: Record<string, unknown>) =>
  JSON.stringify(Object.entries(row).toSorted(([a], [b]) => a.localeCompare(b)));

/** A Message as the archive's columns say it. */
function toRow({ companyId, conversationId, clientId, role, content, ...message }: Message) {
  return {
    company_id: companyId,
    conversation_id: conversationId,
    client_id: clientId,
    role,
    content: Buffer.from(content).toString('base64'),
    ms: Date.parse(message.createdAt),
    external_id: isUuid(message.messageId) ? null : message.messageId,
    metadata: message.metadata === undefined ? null : JSON.stringify(message.metadata),
    message_id: messageIdOf(messageKey(message.messageId), null),
  };
}

describe('docs/bi.md', () => {
  it('has queries for DuckDB that work on the folder as it lies there, and count rightly', async () => {
    const page = await readFile(join(HOME, 'docs', 'bi.md'), 'utf8');
    const section = page.split('\n## ').find((part) => part.startsWith('DuckDB\n')) ?? '';
    const statements = [...section.matchAll(/```sql\n(.*?)```/gs)].map(([, sql = '']) =>
      sql.replaceAll('/srv/camadas/archive', folder),
    );
    expect(statements.length).toBeGreaterThanOrEqual(5);
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    await connection.run(`set timezone = 'UTC'`);
    try {
      const counts: number[] = [];
      for (const sql of statements) {
        counts.push((await connection.runAndReadAll(sql)).getRows().length);
      }
      // Days of all; the conversation, of which two objects tell; months; one channel.
      expect(counts.slice(1)).toEqual([9, expect.any(Number), expect.any(Number), 1]);
      const all = await connection.runAndReadAll('select count(*)::int from messages');
      expect(all.getRows()).toEqual([[stored.length]]);
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  });

  it('names every column of the schema, with its type', async () => {
    const page = await readFile(join(HOME, 'docs', 'bi.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `(\w+)` +\| `(\w+)`(.*?)\|/gm)];
    expect(rows.map(([, name, type, more = '']) => [name, type, more.includes('null')])).toEqual(
      SEGMENT_SCHEMA.slice(1).map(({ name, type, repetition_type: repetition }) => {
        return [name, type, repetition === 'OPTIONAL'];
      }),
    );
  });
});
