import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keys } from '../../bin/commands/keys.ts';
import { ALL_HOT, eventually } from '../house.ts';
import { COMPANY, type HttpHouse, openHttpHouse } from './open-http-house.ts';

let house: HttpHouse;
beforeAll(async () => void (house = await openHttpHouse()));
afterAll(() => house?.close());

const FORGOTTEN_MS_MAX = 5_000;
const GRACE_MS = 4_000;

async function isGood(token: string): Promise<boolean> {
  const { status } = await house.callerWith(token).get('/messages');
  expect([200, 401]).toContain(status);
  return status === 200;
}

async function msUntilRefused(token: string): Promise<number> {
  const startedAt = performance.now();
  await eventually(
    () => isGood(token),
    (good) => !good,
  );
  return performance.now() - startedAt;
}

async function makeKey(expiresAt: string | null = null) {
  const wish = { companyId: COMPANY, scopes: ['read'] as const, label: 'teste', expiresAt };
  const { token, key } = await house.wiring.keys.create(wish, Date.now());
  return { token, keyId: key.keyId };
}

describe.concurrent('a key', () => {
  // Red when a key once found is not read again.
  it('revoked, is refused everywhere within 5 s', async () => {
    const { token, keyId } = await makeKey();
    expect(await isGood(token)).toBe(true);
    await house.wiring.keys.revoke(keyId, Date.now());
    expect(await msUntilRefused(token)).toBeLessThan(FORGOTTEN_MS_MAX + 1_000);
  });

  it('rotated, goes on until its grace is over; its successor has the same rights', async () => {
    const old = await makeKey();
    const rotated = await house.wiring.keys.rotate(
      { keyId: old.keyId, graceMs: GRACE_MS },
      Date.now(),
    );
    expect(rotated?.key).toMatchObject({ companyId: COMPANY, scopes: ['read'], label: 'teste' });
    expect(await isGood(old.token)).toBe(true);
    expect(await isGood(rotated?.token ?? '')).toBe(true);
    expect(await msUntilRefused(old.token)).toBeLessThan(FORGOTTEN_MS_MAX + GRACE_MS);
    expect(await isGood(rotated?.token ?? '')).toBe(true);
  });

  // Red when `openAgain` does not look at the clock.
  it('that expires is refused from that moment, remembered or not', async () => {
    const expiresAt = Date.now() + 4_000;
    const { token } = await makeKey(new Date(expiresAt).toISOString());
    expect(await isGood(token)).toBe(true);
    expect(await isGood(token)).toBe(true);
    await pause(expiresAt - Date.now());
    expect(await isGood(token)).toBe(false);
  });

  it('that was used says when', async () => {
    const { token, keyId } = await makeKey();
    const dashboard = await house.openDashboard();
    const before = Date.now();
    await house.callerWith(token, dashboard.url).get('/messages');
    await dashboard.stop();
    const { lastUsedAt } = (await house.wiring.keys.find(keyId)) ?? {};
    expect(Date.parse(lastUsedAt ?? '')).toBeGreaterThanOrEqual(before - 1);
  });
});

async function run(...args: string[]) {
  const { mysqlUrl, queueRedisUrl, cacheRedisUrl, keyPrefix } = house.config;
  const [printed, told]: [string[], string[]] = [[], []];
  const status = await keys.run(args, {
    env: {
      MYSQL_URL: mysqlUrl,
      QUEUE_REDIS_URL: queueRedisUrl,
      CACHE_REDIS_URL: cacheRedisUrl,
      KEY_PREFIX: keyPrefix,
      ...ALL_HOT,
    },
    home: process.cwd(),
    print: (line) => void printed.push(line),
    say: (line) => void told.push(line),
    signal: AbortSignal.timeout(20_000),
  });
  return { status, printed, told };
}

describe('./scripts.sh keys', () => {
  const tokenPattern = /^cam_([0-9a-z]{12})_[\w-]{43}$/;

  it('prints a new token and nothing else, so that it can be piped', async () => {
    const { status, printed, told } = await run('create', '--company', 'cli', '--scopes', 'read');
    expect(status).toBe(0);
    expect(printed).toEqual([expect.stringMatching(tokenPattern)]);
    expect(told.join('\n')).toContain('of cli may read');
    expect(told.join('\n')).not.toContain(printed[0]);
    expect(await isGood(printed[0] ?? '')).toBe(true);
  });

  it('lists, revokes and rotates, for people and for machines, and never shows a secret again', async () => {
    const made = await run('create', '--company', 'listada', '--json', '--expires-days', '2');
    const { token, keyId } = JSON.parse(made.printed[0] ?? '') as Record<'token' | 'keyId', string>;
    expect(token).toMatch(tokenPattern);
    const table = (await run('list', '--company', 'listada')).printed.join('\n');
    expect(table).toMatch(new RegExp(`${keyId} +listada +read,write +valid until .* never`));

    const rotated = await run('rotate', token, '--grace-hours', '1');
    expect(rotated.printed).toEqual([expect.stringMatching(tokenPattern)]);
    expect((await run('revoke', keyId)).printed.join()).toContain(`${keyId} is revoked`);
    const { printed } = await run('list', '--company', 'listada', '--json');
    const listed = JSON.parse(printed[0] ?? '') as {
      keys: { keyId: string; revokedAt: string | null }[];
    };
    expect(listed.keys).toHaveLength(2);
    expect(listed.keys.find((key) => key.keyId === keyId)?.revokedAt).not.toBeNull();
    expect(`${table}${printed.join()}`).not.toContain(token.slice(17));
    await expect(run('rotate', keyId)).rejects.toThrow('no key');
  });

  it.each([
    ['no action', [], 'create'],
    ['another action', ['make'], 'must begin with one of'],
    ['no company', ['create'], '--company'],
    ['an unknown scope', ['create', '--company', 'x', '--scopes', 'all'], '--scopes'],
    ['no key', ['revoke'], 'name one key'],
  ])('says what is wrong: %s', async (_, args, sentence) => {
    await expect(run(...args)).rejects.toThrow(sentence);
  });
});
