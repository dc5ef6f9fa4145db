import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ALL_HOT, aMessage, openTestHouse, type TestHouse } from '../house.ts';

const CLI = join(import.meta.dirname, '..', '..', 'bin', 'cli.ts');
const companyId = 'padaria';

let house: TestHouse;
beforeAll(async () => void (house = await openTestHouse()));
afterAll(() => house?.close());

const say = (content: string, clock: string) =>
  house.wiring.deps.storeMessages(
    [aMessage({ companyId, content, createdAt: `2026-03-01T${clock}:00.000Z` })],
    AbortSignal.timeout(20_000),
  );

async function summarize(...args: string[]) {
  const { mysqlUrl, queueRedisUrl, cacheRedisUrl, keyPrefix } = house.config;
  const named = ['summarize', '--company', companyId, '--conversation', 'pedido-1'];
  const child = spawn(process.execPath, [CLI, ...named, ...args], {
    cwd: tmpdir(),
    env: {
      ...process.env,
      ...ALL_HOT,
      MYSQL_URL: mysqlUrl,
      QUEUE_REDIS_URL: queueRedisUrl,
      CACHE_REDIS_URL: cacheRedisUrl,
      KEY_PREFIX: keyPrefix,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [printed, said, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { printed, said, status: Number(status) };
}

it('shows the Summary that is kept; makes it if there is none, if it is stale, and with --fresh', async () => {
  expect(await summarize()).toMatchObject({ status: 1, printed: '', said: 'no messages\n' });
  await say('Meu pedido 4521 chegou quebrado!', '12:00');

  const first = await summarize('--json');
  expect(JSON.parse(first.printed)).toMatchObject({ version: 1, messageCount: 1, isStale: false });
  expect((await summarize('--json')).printed).toBe(first.printed);

  await say('Quero o reembolso.', '12:20');
  expect(JSON.parse((await summarize('--json')).printed)).toMatchObject({
    version: 2,
    messageCount: 2,
  });

  const fresh = await summarize('--fresh');
  expect(fresh.status).toBe(0);
  expect(fresh.printed).toContain('4521');
  expect(fresh.printed).toMatch(/^messages +2 in 20 min, up to 2026-03-01T12:20:00\.000Z$/m);
  expect(fresh.printed).toMatch(/^version +3, by built-in at \S+$/m);
}, 60_000);
