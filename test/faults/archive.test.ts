import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { instantOf } from '../../domain/instant.ts';
import type { Message } from '../../domain/message.ts';
import { readConfig } from '../../config.ts';
import { openWiring, type Wiring } from '../../wiring.ts';
import { openS3Server } from '../db/cold/s3-server.ts';
import { aMessage, eventually } from '../house.ts';
import { spawnArchiver } from './fleet-process.ts';
import { openPrivateHouse, type PrivateHouse } from './private-house.ts';

/** Ten, or as many as one has the time for: the moments are drawn anew each time. */
const KILLS = Number(process.env['KILLS'] ?? 10);
const MESSAGES = 6_000;
const LIFE_MS_MAX = 700;
const SECOND_MS = 1_000;

/** Without one, Segments lie in a folder, which nobody can stop. */
const s3 = await openS3Server();
let house: PrivateHouse;
let folder: string;
let wiring: Wiring;
let env: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'camadas-archive-'));
  house = await openPrivateHouse();
  const archiveUrl = s3?.urlOf('camadas', 'archive') ?? pathToFileURL(folder).href;
  env = { ...house.env, ...s3?.credentials, ARCHIVE_URL: archiveUrl };
  wiring = openWiring(readConfig(env));
  await wiring.migrate();
});
afterAll(async () => {
  await wiring?.close();
  await house?.close();
  await s3?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Of two Companies and three days, in Conversations that go on from one day to the next. */
const messages: readonly Message[] = Array.from({ length: MESSAGES }, (_, nth) =>
  aMessage({
    companyId: `company-${nth % 2}`,
    conversationId: `c-${nth % 97}`,
    createdAt: instantOf(Date.parse('2026-03-01T00:00:00Z') + nth * 42 * SECOND_MS),
    content: `number ${nth}`,
  }),
);

describe('an archiver that dies again and again', () => {
  it(
    'P3, P6: leaves every Message in one tier, and the Ledger in balance',
    async () => {
      await wiring.deps.storeMessages(messages, AbortSignal.timeout(60_000));

      for (let kill = 1; kill <= KILLS; kill += 1) {
        const archiver = spawnArchiver(env);
        await archiver.ready;
        await pause(Math.random() * LIFE_MS_MAX);
        // Whatever it was at, readers see each Message once.
        if (kill % 5 === 0) await restartMysql();
        if (kill % 5 === 3) await restartS3();
        await archiver.kill();
        await expectWhole(kill % 2);
      }
      const last = spawnArchiver(env);
      expect(await last.ended, last.output()).toBe(0);

      const { counts, faults } = await wiring.verify({
        isDeep: true,
        signal: AbortSignal.timeout(60_000),
      });
      expect(faults).toEqual([]);
      expect(counts).toEqual({ hot: 0, warm: 0, cold: MESSAGES });
      for (const company of [0, 1]) await expectWhole(company);
    },
    60_000 + KILLS * 20_000,
  );
});

async function restartMysql(): Promise<void> {
  await house.kill('mysql');
  await house.restart();
}

async function restartS3(): Promise<void> {
  await s3?.stop();
  await pause(SECOND_MS); // Somebody is to miss it.
  await s3?.start();
}

/** All Messages of a Company, page by page: each once, in order, as it was sent. */
async function expectWhole(company: number): Promise<void> {
  const companyId = `company-${company}`;
  const found: Message[] = [];
  let before: string | null | undefined;
  do {
    const request = { companyId, limit: 500, ...(before && { before }) };
    const page = await eventually(
      () => wiring.findMessages(request).catch(() => null), // A server may just be coming back.
      (answer) => answer !== null,
    );
    if (!page) throw new Error('no page');
    found.unshift(...page.messages);
    before = page.before;
  } while (before !== null);
  expect(found).toEqual(messages.filter((message) => message.companyId === companyId));
}
