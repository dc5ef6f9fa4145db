import { once } from 'node:events';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from '../../domain/page.ts';
import { aMessage, openTestHouse, type TestHouse } from '../house.ts';
import { type Caller, codeOf, openCaller } from './caller.ts';

const signal = AbortSignal.timeout(600_000);
const companyId = 'padaria';
const said = (conversationId: string, day: string) =>
  aMessage({ companyId, conversationId, createdAt: `${day}T12:00:00.000Z` });
const COLD = said('fria', '2026-01-10');
const WARM = said('morna', '2026-02-10');
const HOT = said('quente', '2026-03-10');
const pathOf = (conversationId: string) => `/messages/conversations/${conversationId}/messages`;

let folder: string;
let house: TestHouse;
let caller: Caller;
beforeAll(async () => {
  process.env['AWS_ACCESS_KEY_ID'] ??= 'somebody';
  process.env['AWS_SECRET_ACCESS_KEY'] ??= 'some-secret';
  folder = await mkdtemp(join(tmpdir(), 'camadas-tiers-'));
  house = await openTestHouse({ ARCHIVE_URL: pathToFileURL(join(folder, 'archive')).href });
  await house.wiring.deps.storeMessages([COLD, WARM, HOT], signal);
  const { move } = house.wiring.archive;
  await move({ companyId, tier: 'hot', before: '2026-03-01T00:00:00.000Z' }, { signal });
  await move({ companyId, tier: 'warm', day: '2026-01-10' }, { signal });
  caller = await open();
});
afterAll(async () => {
  caller?.close();
  await house?.close();
  await rm(folder, { recursive: true, force: true });
});

/** A new HTTP process, which remembers nothing. */
async function open(archiveUrl = house.config.archiveUrl): Promise<Caller> {
  const { url } = await house.openDashboard({ archiveUrl });
  const wish = { companyId, scopes: ['read', 'admin'] as const, label: '', expiresAt: null };
  return openCaller(url, (await house.wiring.keys.create(wish, Date.now())).token);
}

describe('a page over HTTP', () => {
  it.each([
    ['quente', 'hot', HOT],
    ['morna', 'hot, warm', WARM],
    ['fria', 'hot, warm, cold', COLD],
  ])(
    'of %s comes from where it is, and says which tiers were asked',
    async (id, tiers, message) => {
      const first = await caller.get(pathOf(id));
      expect((JSON.parse(first.text) as Page).messages).toEqual([message]);
      expect(first.headers).toMatchObject({ 'camadas-tiers': tiers });
      expect(first.headers).not.toHaveProperty('age');

      const again = await caller.get(pathOf(id));
      expect(again.text).toBe(first.text);
      expect(again.headers).toMatchObject({ 'camadas-tiers': 'cache' });
      expect(Number(again.headers['age'])).toBeLessThan(60);

      const span = await caller.get(`${pathOf(id)}?from=2026-01-01T00:00:00Z`);
      expect(span.headers).toMatchObject({ 'camadas-tiers': tiers });
    },
  );

  // Red when what the archive throws is taken for a fault of ours.
  it('P8: says when to come again while the archive is away, and gives all else', async () => {
    const away = await open('s3://camadas/archive?endpoint=http://127.0.0.1:1&region=us-east-1');
    await away.delete('/messages/cache');

    const cold = await away.get(pathOf('fria'));
    expect([cold.status, codeOf(cold), cold.headers['retry-after']]).toEqual([
      503,
      'COLD_UNREACHABLE',
      '5',
    ]);
    for (const id of ['quente', 'morna']) expect((await away.get(pathOf(id))).status).toBe(200);
    away.close();
  }, 30_000);

  // Red without the breaker's limit: it accepts connections, and says nothing.
  it('P8: does not blame MySQL while the archive hangs', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const hanging = await open(`s3://camadas/archive?endpoint=http://127.0.0.1:${port}`);
    await hanging.delete('/messages/cache');
    const askedAt = performance.now();

    const cold = hanging.get(pathOf('fria'));
    for (const id of ['quente', 'morna']) expect((await hanging.get(pathOf(id))).status).toBe(200);
    const recentMs = performance.now() - askedAt;

    expect([(await cold).status, codeOf(await cold)]).toEqual([503, 'COLD_UNREACHABLE']);
    expect((await cold).headers['retry-after']).toBe('5');
    expect(performance.now() - askedAt).toBeLessThan(5_000);
    expect(recentMs).toBeLessThan(1_000);
    hanging.close();
    silent.close();
  }, 30_000);

  it('tells where messages are missing when a part of the archive is gone', async () => {
    await rename(join(folder, 'archive'), join(folder, 'elsewhere'));
    const neighbour = await open();

    const answer = await neighbour.get('/messages');

    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toMatchObject({
      messages: [WARM, HOT],
      unavailable: [{ from: COLD.createdAt, to: COLD.createdAt }],
    });
    neighbour.close();
  });
});
