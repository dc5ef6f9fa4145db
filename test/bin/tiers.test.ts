import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Command } from '../../bin/command.ts';
import { ages } from '../../bin/commands/ages.ts';
import { archive } from '../../bin/commands/archive.ts';
import { restore } from '../../bin/commands/restore.ts';
import { verify } from '../../bin/commands/verify.ts';
import { instantOf } from '../../domain/instant.ts';
import { aMessage, openTestHouse, type TestHouse } from '../house.ts';

const DAY_MS = 86_400_000;
const companyId = 'padaria';
const ago = (days: number) => instantOf(Math.floor(Date.now() - days * DAY_MS));
/** Of one UTC day, the third one of some month that has long been over. */
const OLD_DAY = `${ago(90).slice(0, 7)}-03`;
const NEXT_DAY = `${ago(90).slice(0, 7)}-04`;

let house: TestHouse;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'camadas-tiers-test-'));
  house = await openTestHouse({ ARCHIVE_URL: pathToFileURL(folder).href });
  // All of them hot, as the house's ages are far.
  const times = [`${OLD_DAY}T10:00:00.000Z`, `${OLD_DAY}T11:00:00.000Z`, ago(5), ago(0.1)];
  const messages = times.map((createdAt) => aMessage({ companyId, createdAt }));
  await house.wiring.deps.storeMessages(messages, AbortSignal.timeout(60_000));
});
afterAll(async () => {
  await house?.close();
  await rm(folder, { recursive: true, force: true });
});

/** A command in a shell that was told where the servers are, and `env`. */
async function run(command: Command, args: readonly string[], env: Record<string, string> = {}) {
  const { mysqlUrl, queueRedisUrl, cacheRedisUrl, keyPrefix, archiveUrl } = house.config;
  const printed: string[] = [];
  const status = await command.run(args, {
    env: {
      MYSQL_URL: mysqlUrl,
      QUEUE_REDIS_URL: queueRedisUrl,
      CACHE_REDIS_URL: cacheRedisUrl,
      KEY_PREFIX: keyPrefix,
      ARCHIVE_URL: archiveUrl ?? '',
      ADMIN_PASSWORD: 'of no use in this test',
      ...env,
    },
    home: folder,
    print: (line) => void printed.push(line),
    say: () => {},
    signal: AbortSignal.timeout(60_000),
  });
  return { status, printed: printed.join('\n') };
}

async function runJson(command: Command, args: readonly string[], env?: Record<string, string>) {
  const { status, printed } = await run(command, [...args, '--json'], env);
  expect(status).toBe(0);
  return JSON.parse(printed) as unknown;
}

async function tiers() {
  const days = await house.wiring.readLedger();
  const sum = (tier: 'hot' | 'warm' | 'cold') => days.reduce((all, day) => all + day[tier], 0);
  return { hot: sum('hot'), warm: sum('warm'), cold: sum('cold') };
}

/** Changes one byte in the middle of an object, or changes it back. */
async function flipByte(key: string): Promise<void> {
  const file = await open(join(folder, key), 'r+');
  const at = Math.floor((await file.stat()).size / 2);
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  await file.write(Buffer.of(~byte.readUInt8() & 0xff), 0, 1, at);
  await file.close();
}

async function onlyObject(): Promise<string> {
  const files = await readdir(folder, { recursive: true });
  const objects = files.filter((file) => file.endsWith('.parquet'));
  expect(objects).toHaveLength(1);
  return objects[0] ?? '';
}

it('ages: are those that were given last, also to who is given none', async () => {
  const far = { companyId: null, hotHours: 1_000_000, warmDays: 50_000 };
  expect(await runJson(ages, [])).toEqual([far]);

  const installation = { companyId: null, hotHours: 48, warmDays: 30 };
  expect(await runJson(ages, [], { HOT_HOURS: '48' })).toEqual([installation]);
  expect(await runJson(ages, [])).toEqual([installation]);

  const own = ['--company', companyId];
  expect(await runJson(ages, [...own, '--warm-days', '60'])).toEqual([
    installation,
    { companyId, hotHours: 48, warmDays: 60 },
  ]);
  await expect(run(ages, [...own, '--warm-days', '2'])).rejects.toThrow('must be longer');
  expect(await runJson(ages, [...own, '--reset'])).toEqual([installation]);
});

it('archive --dry-run: says what would be moved, and moves nothing', async () => {
  const before = await tiers();

  expect(await runJson(archive, ['--dry-run'])).toMatchObject({
    messages: 3,
    moves: [{ companyId, tier: 'hot', messages: 3 }],
  });

  expect(before).toEqual({ hot: 4, warm: 0, cold: 0 });
  expect(await tiers()).toEqual(before);
});

it('archive: moves each message as far as its age is, in one run', async () => {
  const { printed, status } = await run(archive, []);

  expect(status).toBe(0);
  expect(printed).toMatch(/^padaria +hot +before .* 3$/m);
  expect(printed).toMatch(new RegExp(`^padaria +warm +of ${OLD_DAY} +2$`, 'm'));
  expect(await tiers()).toEqual({ hot: 1, warm: 1, cold: 2 });
  expect((await run(archive, [])).printed).toBe('nothing is old enough');
});

it('verify --deep: passes, and names the object of which a byte has changed', async () => {
  const key = await onlyObject();
  expect(await run(verify, ['--deep'])).toMatchObject({
    status: 0,
    printed: expect.stringContaining('all is as it should be'),
  });

  await flipByte(key);
  expect(await run(verify, ['--deep'])).toMatchObject({
    status: 1,
    printed: expect.stringContaining(key),
  });

  await flipByte(key);
  expect((await run(verify, ['--deep'])).status).toBe(0);
});

it('restore: brings back a span for a while, and archive leaves it there', async () => {
  const span = ['--company', companyId, '--from', OLD_DAY, '--to', NEXT_DAY];

  expect(await runJson(restore, [...span, '--days', '3'])).toMatchObject({ restored: 2 });

  expect(await tiers()).toEqual({ hot: 1, warm: 3, cold: 0 });
  expect((await run(archive, [])).printed).toBe('nothing is old enough');
  expect((await run(verify, ['--deep'])).status).toBe(0);
});
