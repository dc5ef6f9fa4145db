import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { moveToCold } from '../../../db/cold/move-to-cold.ts';
import { openCold } from '../../../db/cold/open-cold.ts';
import { openSegmentThread } from '../../../db/cold/segment-thread.ts';
import { openColdStore } from '../../../db/cold/open-store.ts';
import type { ColdStore } from '../../../db/cold/store.ts';
import { openDatabase } from '../../../db/database.ts';
import { openNames } from '../../../db/names.ts';
import { verify } from '../../../db/verify.ts';
import { toCursor } from '../../../domain/cursor.ts';
import { instantOf } from '../../../domain/instant.ts';
import type { Message } from '../../../domain/message.ts';
import { messageKey } from '../../../domain/message-id.ts';
import { type CheckedPageRequest, cursorOf } from '../../../domain/page.ts';
import { aMessage, openTestHouse, type TestHouse } from '../../house.ts';

const DAY = '2026-03-01';
const BEGINNING = { createdAt: instantOf(0), messageKey: Buffer.alloc(16) };
const breathe = async () => {};
const at = (seconds: number) => instantOf(Date.parse(`${DAY}T00:00:00Z`) + seconds * 1_000);

describe('the move from warm to cold', () => {
  let house: TestHouse;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'camadas-cold-'));
    house = await openTestHouse({ ARCHIVE_URL: pathToFileURL(folder).href });
  });
  afterAll(async () => {
    await house.close();
    await rm(folder, { recursive: true, force: true });
  });

  const signal = AbortSignal.timeout(600_000);
  const store = (...messages: Message[]) => house.wiring.deps.storeMessages(messages, signal);
  async function freeze(companyId: string, day = DAY) {
    const before = instantOf(Date.parse(`${day}T00:00:00Z`) + 86_400_000);
    await house.wiring.archive.move({ companyId, tier: 'hot', before }, { signal });
    return house.wiring.archive.move({ companyId, tier: 'warm', day }, { signal });
  }
  const read = async (request: Omit<CheckedPageRequest, 'limit'> & { limit?: number }) =>
    (await house.wiring.findMessages({ limit: 500, ...request })).messages;
  async function ledgerOf(companyId: string) {
    const days = (await house.wiring.readLedger()).filter((day) => day.companyId === companyId);
    const sum = (field: 'stored' | 'hot' | 'warm' | 'cold') =>
      days.reduce((all, day) => all + day[field], 0);
    return { stored: sum('stored'), hot: sum('hot'), warm: sum('warm'), cold: sum('cold') };
  }
  async function countWarm(companyId: string): Promise<number> {
    const { rows } = await sql<{ messages: string }>`
      select count(*) as messages from messages_warm join companies using (company_no)
      where company_id = ${companyId}`.execute(house.db);
    return Number(rows[0]?.messages);
  }

  it('keeps every field as it was, and gives it back by every way', async () => {
    const messages = [
      aMessage({ companyId: 'bits', createdAt: at(1), content: 'blank at the end ' }),
      aMessage({ companyId: 'bits', createdAt: at(1.001), content: '', role: 'system' }),
      aMessage({ companyId: 'bits', createdAt: at(2), messageId: 'wamid.ABC=', content: 'É 📦' }),
      aMessage({ companyId: 'bits', createdAt: at(2.5), content: '\uFEFFa mark before' }),
      aMessage({ companyId: 'bits', createdAt: at(3), metadata: { b: 1, a: 1e21, ' ': null } }),
      aMessage({ companyId: 'bits', createdAt: at(86_399), clientId: 'a guest' }),
    ];
    await store(...messages);

    expect(await freeze('bits')).toEqual({ moved: 6 });
    expect(await freeze('bits')).toEqual({ moved: 0 });

    expect(await ledgerOf('bits')).toEqual({ stored: 6, hot: 0, warm: 0, cold: 6 });
    expect(await countWarm('bits')).toBe(0);
    expect(await read({ companyId: 'bits' })).toEqual(messages);
    expect(await read({ companyId: 'bits', conversationId: 'pedido-1' })).toEqual(messages);
    expect(await read({ companyId: 'bits', clientId: 'a guest' })).toEqual(messages.slice(5));
    expect(await read({ companyId: 'bits', from: at(2), to: at(3) })).toEqual(messages.slice(2, 4));
    const [, second = aMessage()] = messages;
    expect(await read({ companyId: 'bits', after: cursorOf(second), limit: 2 })).toEqual(
      messages.slice(2, 4),
    );
    expect(await house.wiring.findStored('bits', messages)).toEqual(
      new Map(messages.map((message) => [message.messageId, message])),
    );
  });

  it('deals a large day out into row groups, and reads any page of it', async () => {
    const messages = Array.from({ length: 9_000 }, (_, nth) =>
      aMessage({
        companyId: 'large',
        conversationId: `c-${nth % 7}`,
        createdAt: at(nth),
        content: `number ${nth}`,
      }),
    );
    await store(...messages);
    expect(await freeze('large')).toEqual({ moved: 9_000 });

    for (const scope of [{}, { conversationId: 'c-3' }, { clientId: 'ana' }]) {
      const all = messages.filter(
        (message) =>
          (scope.conversationId ?? 'c-3') === message.conversationId || !scope.conversationId,
      );
      const middle = all[all.length >> 1] ?? aMessage();
      const older = await read({
        companyId: 'large',
        limit: 20,
        before: cursorOf(middle),
        ...scope,
      });
      expect(older).toEqual(all.slice((all.length >> 1) - 20, all.length >> 1));
      const newer = await read({
        companyId: 'large',
        limit: 20,
        after: cursorOf(middle),
        ...scope,
      });
      expect(newer).toEqual(all.slice((all.length >> 1) + 1, (all.length >> 1) + 21));
    }
  });

  // Red when Messages of the very moment at which a page ends are not looked for in all row groups.
  it.each(['before', 'after'] as const)(
    'P4: gives a whole Company page by page, going %s, where many speak at the same moment',
    async (direction) => {
      const companyId = `crowd-${direction}`;
      const messages = Array.from({ length: 9_000 }, (_, nth) =>
        aMessage({
          companyId,
          conversationId: `c-${Math.floor(nth / 300)}`,
          createdAt: at(Math.floor(nth / 130)),
        }),
      );
      await store(...messages);
      await freeze(companyId);
      const said: Message[] = [];
      let cursor: string | null | undefined =
        direction === 'after' ? toCursor(BEGINNING) : undefined;
      while (cursor !== null) {
        const page = await house.wiring.findMessages({
          companyId,
          limit: 100,
          ...(cursor !== undefined && { [direction]: cursor }),
        });
        said.push(...(direction === 'after' ? page.messages : page.messages.toReversed()));
        cursor = page[direction];
        if (page.messages.length === 0) break;
      }
      const inOrder = messages.toSorted(
        (a, b) => a.createdAt.localeCompare(b.createdAt) || a.messageId.localeCompare(b.messageId),
      );
      expect(said).toEqual(direction === 'after' ? inOrder : inOrder.toReversed());
    },
  );

  // Red without the look into the archive in `insertLate`.
  it('P2: a Message that is sent again after it went cold is a duplicate', async () => {
    const messages = [at(10), at(20)].map((createdAt) =>
      aMessage({ companyId: 'again', createdAt }),
    );
    await store(...messages);
    await freeze('again');

    expect(await store(...messages)).toEqual([{ outcome: 'duplicate' }, { outcome: 'duplicate' }]);
    const late = aMessage({ companyId: 'again', createdAt: at(15) });
    expect(await store(late)).toMatchObject([{ outcome: 'stored' }]);
    expect(await read({ companyId: 'again' })).toEqual([messages[0], late, messages[1]]);
    expect(await ledgerOf('again')).toEqual({ stored: 3, hot: 0, warm: 1, cold: 2 });

    expect(await freeze('again')).toEqual({ moved: 1 });
    expect(await read({ companyId: 'again' })).toEqual([messages[0], late, messages[1]]);
    expect(await ledgerOf('again')).toEqual({ stored: 3, hot: 0, warm: 0, cold: 3 });
  });

  const spoiled = (change: (bytes: Uint8Array) => Uint8Array): ColdStore => {
    const real = openColdStore(house.config.archiveUrl ?? '');
    return { ...real, put: (key, parts) => real.put(key, changed(parts, change)) };
  };

  // Red without the comparison in `makeSegment`.
  it.each([
    ['a flipped bit', (bytes: Uint8Array) => bytes.with(100, (bytes[100] ?? 0) ^ 1)],
    ['a byte too few', (bytes: Uint8Array) => bytes.slice(0, -1)],
  ])('P6: deletes nothing when the archive keeps %s', async (name, change) => {
    const companyId = name.replaceAll(' ', '-');
    const messages = [at(10), at(20)].map((createdAt) => aMessage({ companyId, createdAt }));
    await store(...messages);
    await house.wiring.archive.move({ companyId, tier: 'hot', before: at(100) }, { signal });
    const companyNo = (await openNames(house.db).companyNo(companyId)) ?? 0;

    const thread = openSegmentThread();
    const moving = moveToCold(
      { db: house.db, locks: house.db, store: spoiled(change), thread },
      { companyId, companyNo, firstDay: DAY, lastDay: DAY },
      { breathe, signal },
    );

    await expect(moving).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
    await thread.close();
    expect(await countWarm(companyId)).toBe(2);
    expect(await read({ companyId })).toEqual(messages);
    expect(await freeze(companyId)).toEqual({ moved: 2 }); // And undoes what was begun.
    expect((await house.wiring.verify({ isDeep: true, signal })).faults).toEqual([]);
    expect(await read({ companyId })).toEqual(messages);
  });

  // Red without `isHeld` in `record`: both would declare the same Messages cold.
  it('gives up where its locks went, and somebody else may be at it', async () => {
    const companyId = 'lost-lock';
    const messages = [at(10), at(20)].map((createdAt) => aMessage({ companyId, createdAt }));
    await store(...messages);
    await house.wiring.archive.move({ companyId, tier: 'hot', before: at(100) }, { signal });
    const companyNo = (await openNames(house.db).companyNo(companyId)) ?? 0;
    const locks = openDatabase({ url: house.config.mysqlUrl, connectionsMax: 1 });
    const { rows } = await sql<{ id: number }>`select connection_id() as id`.execute(locks);
    const kill = () => sql`kill ${sql.raw(String(rows[0]?.id))}`.execute(house.db);
    const thread = openSegmentThread();
    const files = openColdStore(house.config.archiveUrl ?? '');
    const killing: ColdStore = {
      ...files,
      put: (key, parts) =>
        files
          .put(key, parts)
          .then(kill)
          .then(() => {}),
    };

    const moving = moveToCold(
      { db: house.db, locks, store: killing, thread },
      { companyId, companyNo, firstDay: DAY, lastDay: DAY },
      { breathe, signal },
    );

    await expect(moving).rejects.toMatchObject({ code: 'SEGMENT_GIVEN_UP' });
    await Promise.all([thread.close(), locks.destroy()]);
    expect(await countWarm(companyId)).toBe(2);
    expect(await freeze(companyId)).toEqual({ moved: 2 });
    expect(await read({ companyId })).toEqual(messages);
    expect((await house.wiring.verify({ isDeep: true, signal })).faults).toEqual([]);
  });

  it('puts days of a month that are due together into one Segment', async () => {
    const companyId = 'behind';
    const days = ['2026-01-30', '2026-01-31', '2026-02-01', '2026-02-03', '2026-02-04'];
    const messages = days.flatMap((day) =>
      ['11', '12'].map((hour) =>
        aMessage({ companyId, conversationId: hour, createdAt: `${day}T${hour}:00:00.000Z` }),
      ),
    );
    await store(...messages);
    const { findRipe, move, count } = house.wiring.archive;
    await move({ companyId, tier: 'hot', before: '2026-02-05T00:00:00.000Z' }, { signal });

    const ripe = await findRipe({ companyId, before: '2026-02-05T00:00:00.000Z' });

    expect(ripe.filter(({ tier }) => tier === 'warm')).toEqual([
      { companyId, tier: 'warm', day: '2026-01-30', lastDay: '2026-01-31' },
      { companyId, tier: 'warm', day: '2026-02-01', lastDay: '2026-02-04' },
    ]);
    expect(await Promise.all(ripe.map(count))).toEqual([4, 6]);
    for (const batch of ripe) await move(batch, { signal });
    expect(await countWarm(companyId)).toBe(0);
    expect(await read({ companyId })).toEqual(messages);
    expect(await ledgerOf(companyId)).toEqual({ stored: 10, hot: 0, warm: 0, cold: 10 });
    const { faults } = await house.wiring.verify({ isDeep: true, signal });
    expect(faults).toEqual([]);
  });

  // Red when as many as the Segment holds are taken for the same ones.
  it('keeps what came late between Messages that were cleared already', async () => {
    const companyId = 'died-late';
    const early = [at(10), at(50)].map((createdAt) => aMessage({ companyId, createdAt }));
    await store(...early);
    await freeze(companyId);
    // As after a death between the last deletion and the note of it.
    const segmentsOf = house.db
      .selectFrom('companies')
      .select('company_no')
      .where('company_id', '=', companyId);
    await house.db
      .updateTable('segments')
      .set({ is_cleared: 0 })
      .where('company_no', '=', segmentsOf)
      .execute();
    const late = [at(20), at(30)].map((createdAt) => aMessage({ companyId, createdAt }));
    await store(...late);

    expect(await freeze(companyId)).toEqual({ moved: 2 });

    expect(await read({ companyId })).toEqual([early[0], ...late, early[1]]);
    expect((await house.wiring.verify({ isDeep: true, signal })).faults).toEqual([]);
  });

  // A day that is much of what is warm is deleted by range, another one by Conversation.
  it.each([1, 60])(
    'clears a day beside %i times as many Messages of other days, and none of those',
    async (times) => {
      const companyId = `beside-${times}`;
      const said = (day: string, nth: number) =>
        aMessage({
          companyId,
          conversationId: `c-${nth % 3}`,
          createdAt: instantOf(Date.parse(`${day}T10:00:00Z`) + nth),
        });
      const messages = ['2026-01-09', '2026-01-10', '2026-01-11'].flatMap((day) =>
        Array.from({ length: day.endsWith('10') ? 4 : 2 * times }, (_, nth) => said(day, nth)),
      );
      await store(...messages);
      const before = '2026-01-12T00:00:00.000Z';
      await house.wiring.archive.move({ companyId, tier: 'hot', before }, { signal });

      await house.wiring.archive.move({ companyId, tier: 'warm', day: '2026-01-10' }, { signal });

      expect(await countWarm(companyId)).toBe(messages.length - 4);
      expect(await ledgerOf(companyId)).toMatchObject({ warm: messages.length - 4, cold: 4 });
      expect((await house.wiring.verify({ isDeep: true, signal })).faults).toEqual([]);
      expect(await read({ companyId })).toEqual(messages);
    },
  );

  it('two archivers at once never collide', async () => {
    const messages = Array.from({ length: 500 }, (_, nth) =>
      aMessage({ companyId: 'two', conversationId: `c-${nth % 9}`, createdAt: at(nth) }),
    );
    await store(...messages);
    await house.wiring.archive.move(
      { companyId: 'two', tier: 'hot', before: at(9_999) },
      { signal },
    );
    const neighbour = house.openNeighbour();
    const batch = { companyId: 'two', tier: 'warm', day: DAY } as const;

    const both = await Promise.all(
      [house.wiring, neighbour].map((wiring) => wiring.archive.move(batch, { signal })),
    );

    expect(both.reduce((sum, { moved }) => sum + moved, 0)).toBe(500);
    expect(await read({ companyId: 'two' })).toEqual(messages);
    expect((await house.wiring.verify({ isDeep: true, signal })).faults).toEqual([]);
  });

  describe('a damaged Segment', () => {
    const days = ['2026-02-01', '2026-02-02', '2026-02-03'];
    const companyId = 'damaged';
    let messages: Message[];
    let key: string;
    beforeAll(async () => {
      messages = days.map((day) => aMessage({ companyId, createdAt: `${day}T12:00:00.000Z` }));
      await store(...messages);
      for (const day of days) await freeze(companyId, day);
      const [row] = await house.db
        .selectFrom('segments')
        .innerJoin('companies', 'companies.company_no', 'segments.company_no')
        .select('object_key')
        .where('company_id', '=', companyId)
        .where('day', '=', '2026-02-02')
        .execute();
      key = row?.object_key ?? '';
    });

    it('never breaks other pages, and the page says what is missing', async () => {
      const path = join(folder, key);
      const whole = await readFile(path);
      const flipped = (place: number) => whole.with(place, (whole[place] ?? 0) ^ 1);
      const noon = messages[1]?.createdAt;
      const gaps = { unavailable: [{ from: noon, to: noon }] };
      for (const damage of [
        () => writeFile(path, flipped(60)),
        () => writeFile(path, flipped(whole.length - 40)), // In its table of contents.
        () => writeFile(path, whole.subarray(0, 100)),
        () => rm(path),
      ]) {
        await damage();
        const neighbour = house.openNeighbour(); // Which has not seen the Segment yet.
        const page = await neighbour.findMessages({ companyId, limit: 50 });
        expect(page).toMatchObject(gaps);
        expect(page.messages).toEqual([messages[0], messages[2]]);
        const { faults } = await neighbour.verify({ isDeep: true, signal });
        expect(faults).toHaveLength(1);
        expect(faults[0]).toMatchObject({ companyId });
        expect(faults[0]?.sentence).toContain(key);
      }
      await writeFile(path, whole);
      expect(await read({ companyId })).toEqual(messages);
    });

    // Red when a page that says `unavailable` is kept as any other.
    it('is missing in the newest page of its Conversation no longer than it is damaged', async () => {
      const newest = { companyId, conversationId: 'pedido-1', limit: 50 };
      const path = join(folder, key);
      const whole = await readFile(path);

      await writeFile(path, whole.subarray(0, 100));
      for (const reader of [house.wiring, house.openNeighbour()]) {
        expect(await reader.getRecentMessages(newest)).toHaveProperty('unavailable');
      }
      await writeFile(path, whole);
      const { messages: found, ...rest } = await house.wiring.getRecentMessages(newest);
      expect(found).toEqual(messages);
      expect(rest).not.toHaveProperty('unavailable');
    });

    // Red when nothing tells that a bit has flipped where zstd found nothing to compress.
    it('shows no Message that was altered', async () => {
      const many = Array.from({ length: 300 }, (_, nth) =>
        aMessage({ companyId: 'altered', createdAt: at(nth), messageId: randomUUID() }),
      );
      await store(...many);
      await freeze('altered');
      const [segment] = await house.wiring.archive.list({ companyId: 'altered' });
      const path = segment?.address ?? '';
      const whole = await readFile(path);
      const place = whole.indexOf(messageKey(many[150]?.messageId ?? ''));
      expect(place).toBeGreaterThan(0);
      await writeFile(path, whole.with(place, (whole[place] ?? 0) ^ 1));

      const page = await house.openNeighbour().findMessages({ companyId: 'altered', limit: 500 });

      expect(page).toMatchObject({ messages: [], unavailable: [{ from: at(0), to: at(299) }] });
      await writeFile(path, whole);
    });

    // Red when what is thrown for one keeps verify from all others.
    it('keeps verify from no other, whatever it is that cannot be done with it', async () => {
      const opened = openCold(house.config.archiveUrl);
      if (!opened) throw new Error('there is no cold tier');
      const cold = { ...opened, store: { ...opened.store, read: failOddly } };

      const { faults, segments } = await verify({ db: house.db, cold }, { isDeep: true, signal });

      expect(faults).toHaveLength(segments);
      expect(faults[0]?.sentence).toMatch(/^segment company=.*: odd$/);
      await opened.close();
    });

    it('is not alone: verify names an object that belongs to no segment', async () => {
      const orphan = join(folder, 'company=damaged', 'orphan.parquet');
      await writeFile(orphan, 'PAR1');
      await utimes(orphan, new Date(0), new Date(0));

      const { faults } = await house.wiring.verify({ isDeep: true, signal });

      expect(faults).toEqual([
        {
          companyId: null,
          sentence: 'object company=damaged/orphan.parquet: belongs to no segment',
        },
      ]);
      await rm(orphan);
    });
  });
});

const failOddly = () => Promise.reject(new RangeError('odd'));

async function* changed(
  parts: AsyncIterable<Uint8Array>,
  change: (bytes: Uint8Array) => Uint8Array,
): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const part of parts) {
    yield isFirst ? change(part) : part;
    isFirst = false;
  }
}
