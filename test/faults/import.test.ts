import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Imported } from '../../bin/import/run-import.ts';
import { instantOf } from '../../domain/instant.ts';
import {
  daysAgo,
  type ImportHouse,
  jsonLines,
  openImportHouse,
} from '../bin/import/import-house.ts';

const CLI = join(import.meta.dirname, '../../bin/cli.ts');
/** Six, or as many as one has the time for: the moments are drawn anew each time. */
const KILLS = Number(process.env['KILLS'] ?? 6);
const MESSAGES = 60_000;
const LIFE_MS = { min: 500, max: 2_500 };
const MINUTE_MS = 60_000;

let house: ImportHouse;
beforeAll(async () => {
  house = await openImportHouse();
});
afterAll(() => house.close());

/** Of two Companies, in 600 Conversations, over the last 41 days; one in a thousand is no Message. */
function aLegacyFile(name: string): Promise<string> {
  const records = Array.from({ length: MESSAGES }, (_, nth) => ({
    company: `${name}-${nth % 2}`,
    client: `client-${nth % 300}`,
    conversation: `chat-${nth % 600}`,
    role: nth % 1_000 === 999 ? 'nobody' : nth % 3 === 0 ? 'assistant' : 'human',
    text: `number ${nth}`,
    created_at: instantOf(Math.floor(daysAgo(41)) + nth * MINUTE_MS * 0.98),
  }));
  return house.write(`${name}.jsonl`, jsonLines(records));
}

describe('an import that dies again and again', () => {
  it('P2: goes on where it was, and counts and stores every Message once', async () => {
    const file = await aLegacyFile('killed');
    for (let kill = 1; kill <= KILLS; kill += 1) {
      const child = spawnImport(file);
      await pause(LIFE_MS.min + Math.random() * (LIFE_MS.max - LIFE_MS.min));
      await end(child, 'SIGKILL');
    }

    const imported = await finish(file);

    const refused = MESSAGES / 1_000;
    expect(imported).toMatchObject({
      read: MESSAGES,
      stored: MESSAGES - refused,
      duplicates: 0,
      refused,
    });
    expect(imported.compared).toMatchObject({ messages: MESSAGES - refused, mismatches: [] });
    const signal = AbortSignal.timeout(600_000);
    const { counts, faults } = await house.wiring.verify({ isDeep: true, signal });
    expect(faults).toEqual([]);
    expect(counts.hot + counts.warm + counts.cold).toBe(MESSAGES - refused);
  }, 240_000);

  it('P2: stores every Message once when it runs twice at the same time', async () => {
    const file = await aLegacyFile('twice');
    const both = await Promise.all([finish(file), finish(file)]);
    for (const { compared } of both) expect(compared?.mismatches).toEqual([]);
    const signal = AbortSignal.timeout(600_000);
    expect((await house.wiring.verify({ isDeep: true, signal })).faults).toEqual([]);
  }, 240_000);
});

function spawnImport(file: string): ChildProcess {
  const args = [CLI, 'migrate-messages', '--json', '--at-once', '12000', '--from', file];
  return spawn(process.execPath, args, { env: house.env, stdio: ['ignore', 'pipe', 'pipe'] });
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

/** Runs it to its end, which is a failure, since some records are no Messages. */
async function finish(file: string): Promise<Imported> {
  const child = spawnImport(file);
  let [printed, said] = ['', ''];
  child.stdout?.on('data', (text: Buffer) => (printed += text.toString()));
  child.stderr?.on('data', (text: Buffer) => (said += text.toString()));
  const [status] = (await once(child, 'close')) as [number];
  expect(status, said).toBe(1);
  return JSON.parse(printed) as Imported;
}
