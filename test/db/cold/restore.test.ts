import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openColdStore } from '../../../db/cold/open-store.ts';
import type { StoredObject } from '../../../db/cold/store.ts';
import type { Database } from '../../../db/schema.ts';
import { instantOf } from '../../../domain/instant.ts';
import type { Message } from '../../../domain/message.ts';
import {
  aMessage,
  eventually,
  openTestHouse,
  runningStatements,
  type TestHouse,
} from '../../house.ts';

const signal = AbortSignal.timeout(600_000);
const NOON = 'T12:00:00.000Z';
const DAYS = ['2026-02-01', '2026-02-02', '2026-02-03'];
const LATER = '2999-01-01T00:00:00.000Z';
const PAST = '2020-01-01T00:00:00.000Z';

let house: TestHouse;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'camadas-restore-'));
  house = await openTestHouse({ ARCHIVE_URL: pathToFileURL(folder).href });
});
afterAll(async () => {
  await house.close();
  await rm(folder, { recursive: true, force: true });
});

const move = (batch: Parameters<typeof house.wiring.archive.move>[0]) =>
  house.wiring.archive.move(batch, { signal });

/** Two Messages a day, cold, in one Segment of the month. */
async function freeze(companyId: string, days = DAYS): Promise<Message[]> {
  const messages = days.flatMap((day) =>
    [0, 1].map((nth) => {
      return aMessage({
        companyId,
        conversationId: `c-${nth}`,
        createdAt: instantOf(Date.parse(`${day}${NOON}`) + nth),
      });
    }),
  );
  await house.wiring.deps.storeMessages(messages, signal);
  await move({ companyId, tier: 'hot', before: LATER });
  for (const day of days) await move({ companyId, tier: 'warm', day });
  await move({ companyId, tier: 'cold', month: '2026-02' });
  return messages;
}

const restore = (companyId: string, until: string, day = '2026-02-02') => {
  const from = `${day}T00:00:00.000Z`;
  const to = instantOf(Date.parse(from) + 86_400_000);
  return house.wiring.archive.restore({ companyId, from, to, until }, { signal });
};
const read = async (companyId: string) =>
  (await house.wiring.findMessages({ companyId, limit: 500 })).messages;
async function tiersOf(companyId: string): Promise<[number, number]> {
  const days = (await house.wiring.readLedger()).filter((day) => day.companyId === companyId);
  return [
    days.reduce((sum, { warm }) => sum + warm, 0),
    days.reduce((sum, { cold }) => sum + cold, 0),
  ];
}
const faults = async () => (await house.wiring.verify({ isDeep: true, signal })).faults;
async function objects(companyId: string): Promise<StoredObject[]> {
  const found: StoredObject[] = [];
  for await (const one of openColdStore(house.config.archiveUrl ?? '').list(
    `company=${companyId}`,
  )) {
    found.push(one);
  }
  return found;
}

/** The connections that wait for a Company's row, which another one holds. */
async function whoWaits(held: Kysely<Database>): Promise<number[]> {
  const { rows } = await sql<{ id: number | string }>`select connection_id() as id`.execute(held);
  const holderId = Number(rows[0]?.id); // Of which what it asked last may still be shown.
  const running = await runningStatements(house.db);
  const waiting = running.filter(({ id, text }) => {
    return id !== holderId && /companies.*for update/s.test(text);
  });
  return waiting.map(({ id }) => id);
}

async function killWhoWaits(held: Kysely<Database>): Promise<void> {
  const [id] = await eventually(
    () => whoWaits(held),
    ({ length }) => length > 0,
  );
  await sql`kill ${sql.raw(String(id))}`.execute(house.db);
}

describe('what is restored', () => {
  it('is warm, and only that; pages and counts stay as they were', async () => {
    const messages = await freeze('part');
    expect(await tiersOf('part')).toEqual([0, 6]);

    expect(await restore('part', LATER)).toEqual({ restored: 2, isBusy: false });

    expect(await tiersOf('part')).toEqual([2, 4]);
    expect(await read('part')).toEqual(messages);
    expect(await faults()).toEqual([]);
    expect(await restore('part', LATER)).toEqual({ restored: 0, isBusy: false });
  });

  // Red without `restored_spans` in `findRipeInWarm`.
  it('stays warm for as long as it was asked for, and is archived again then, once', async () => {
    const messages = await freeze('kept');
    const ripe = async () => {
      const found = await house.wiring.archive.findRipe({ companyId: 'kept', before: LATER });
      return found.filter(({ tier }) => tier === 'warm');
    };
    await restore('kept', LATER);
    expect(await ripe()).toEqual([]);

    await house.db.updateTable('restored_spans').set({ until_at: '2020-01-01' }).execute();
    expect(await ripe()).toEqual([{ companyId: 'kept', tier: 'warm', day: '2026-02-02' }]);
    expect(await move({ companyId: 'kept', tier: 'warm', day: '2026-02-02' })).toEqual({
      moved: 2,
    });
    expect(await tiersOf('kept')).toEqual([0, 6]);
    expect(await read('kept')).toEqual(messages);
    expect(await faults()).toEqual([]);
  });

  // Red without `noteCleared` in `restoreSegment`.
  it('P3: is undone by the next archive run, if its process died on the way', async () => {
    const messages = await freeze('died');
    // It copies, waits for the Company to record that, and dies there.
    const held = await house.db.startTransaction().execute();
    await sql`select company_no from companies where company_id = 'died' for update`.execute(held);
    const dying = restore('died', PAST).catch((error: unknown) => error);
    await killWhoWaits(held);
    expect(await dying).toBeInstanceOf(Error);
    await held.rollback().execute();

    expect(await read('died')).toEqual(messages);
    expect(await tiersOf('died')).toEqual([0, 6]);
    expect(await faults()).toEqual([]); // Some are in both tiers, and that is known.
    const due = await house.wiring.archive.findRipe({ companyId: 'died', before: LATER });
    for (const batch of due) await move(batch);
    const { counts } = await house.wiring.verify({ isDeep: false, signal });
    expect(counts.warm).toBe((await tiersOf('part'))[0]);
    expect(await read('died')).toEqual(messages);
  });
});

it('is nothing of a Company that there is not', async () => {
  expect(await restore('nobody', LATER)).toBeNull();
});

describe('what was replaced', () => {
  it('is removed after a while, and not before', async () => {
    const messages = await freeze('old');
    expect(await objects('old')).toHaveLength(DAYS.length + 1);

    expect(await house.wiring.archive.removeRetired()).toEqual({ removed: 0 });
    expect((await house.wiring.archive.removeRetired(0)).removed).toBeGreaterThanOrEqual(3);

    expect(await objects('old')).toHaveLength(1);
    expect(await read('old')).toEqual(messages);
    expect(await faults()).toEqual([]);
  });

  // Red when unfinished Segments are looked for under the first of their month.
  it('P6: is not taken away by an archive run while it is being copied', async () => {
    const messages = await freeze('copying', ['2026-02-10', '2026-02-11', '2026-02-12']);
    const held = await house.db.startTransaction().execute();
    await sql`select company_no from companies where company_id = 'copying' for update`.execute(
      held,
    );
    const restoring = restore('copying', LATER, '2026-02-11');
    const waiting = () => whoWaits(held);
    await eventually(waiting, ({ length }) => length > 0); // It has copied, and is to record that.
    const due = await house.wiring.archive.findRipe({ companyId: 'copying', before: LATER });
    let isMoved = false;
    const moving = Promise.all(due.map(move)).finally(() => (isMoved = true));
    await eventually(waiting, ({ length }) => isMoved || length > 1);
    await held.rollback().execute();

    expect(await restoring).toEqual({ restored: 2, isBusy: false });
    await moving;
    expect(await read('copying')).toEqual(messages);
    expect(await tiersOf('copying')).toEqual([2, 4]);
    expect(await faults()).toEqual([]);
  });

  // Red when what stays cold is taken for cleared, whatever the Segment was.
  it('P3: leaves nothing behind of a restore that died and wanted something else', async () => {
    const messages = await freeze('other');
    const held = await house.db.startTransaction().execute();
    await sql`select company_no from companies where company_id = 'other' for update`.execute(held);
    const dying = restore('other', PAST).catch((error: unknown) => error);
    await killWhoWaits(held);
    await dying;
    await held.rollback().execute();

    expect(await restore('other', PAST, '2026-02-03')).toEqual({ restored: 2, isBusy: false });

    expect(await tiersOf('other')).toEqual([2, 4]);
    expect(await faults()).toEqual([]);
    const due = await house.wiring.archive.findRipe({ companyId: 'other', before: LATER });
    for (const batch of due) await move(batch);
    expect(await tiersOf('other')).toEqual([0, 6]);
    expect(await read('other')).toEqual(messages);
    expect(await faults()).toEqual([]);
  });
});
