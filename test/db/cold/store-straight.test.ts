import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenCold, openCold } from '../../../db/cold/open-cold.ts';
import { storeStraight } from '../../../db/cold/store-straight.ts';
import { monthOf } from '../../../db/cold/straight.ts';
import { instantOf } from '../../../domain/instant.ts';
import type { Message } from '../../../domain/message.ts';
import { type Printed, printedOf } from '../../../domain/message-print.ts';
import { newMessageId } from '../../../domain/message-id.ts';
import { daysAgo, type ImportHouse, openImportHouse } from '../../bin/import/import-house.ts';
import { aMessage } from '../../house.ts';

const { signal } = new AbortController();
const MANY = 1_500;
/** The tenth of a month that ended at least thirty days ago, milliseconds since 1970. */
const OLD = (() => {
  const then = new Date(daysAgo(62));
  return Date.UTC(then.getUTCFullYear(), then.getUTCMonth(), 10);
})();
const OLD_DAY = instantOf(OLD).slice(0, 10);

let house: ImportHouse;
let cold: OpenCold;
beforeAll(async () => {
  house = await openImportHouse();
  const opened = openCold(house.config.archiveUrl);
  if (!opened) throw new Error('the house has no archive');
  cold = opened;
});
afterAll(async () => {
  await cold?.close();
  await house?.close();
});

/** Of one day, in a hundred Conversations; every kind of field a Message may have. */
function anOldHistory(companyId: string, count = MANY): Message[] {
  return Array.from({ length: count }, (_, nth) =>
    aMessage({
      companyId,
      conversationId: `chat-${nth % 100}`,
      clientId: `client-${nth % 30}`,
      messageId: nth % 2 ? newMessageId() : `wamid.${companyId}.${nth}`,
      role: nth % 3 ? 'user' : 'bot',
      content: nth % 7 ? `número ${nth} 🙂` : '',
      createdAt: instantOf(OLD + nth * 1_000),
      ...(nth % 5 === 0 && { metadata: { nth, tags: ['a', 'ç'] } }),
    }),
  );
}

async function store(messages: readonly Message[], read = messages.length) {
  const { imports } = house.wiring;
  const rows = await imports.number(messages, signal);
  const fingerprint = messages[0]?.companyId ?? '';
  const step = { fingerprint, source: 'a test', position: `[${read}]`, read, refused: 0 };
  return imports.store(rows, step, signal);
}

/** All that is stored of the old day, and in which tiers. */
async function readBack(companyId: string) {
  const messages: Printed[] = [];
  const tiers = { hot: 0, warm: 0, cold: 0 };
  await house.wiring.readStoredDays({ companyId, days: [OLD_DAY] }, (tier, message) => {
    tiers[tier] += 1;
    messages.push(message);
  });
  return { messages, tiers };
}

async function expectFaultless() {
  const { faults } = await house.wiring.verify({ isDeep: true, signal });
  expect(faults).toEqual([]);
}

const cool = (companyId: string) =>
  house.wiring.archive.move({ companyId, tier: 'warm', day: OLD_DAY }, { signal });

const byId = (a: Printed, b: Printed) => (a.messageId < b.messageId ? -1 : 1);
const printed = (messages: readonly Message[]) =>
  messages.map((one) => ({ ...printedOf(one), companyId: undefined })).toSorted(byId);

describe('an old history', () => {
  it('P3: goes straight to the archive, every field as it was, and is read by page', async () => {
    const messages = anOldHistory('straight');

    expect(await store(messages)).toEqual({ stored: MANY, refused: [] });

    const { messages: found, tiers } = await readBack('straight');
    expect(tiers).toEqual({ hot: 0, warm: 0, cold: MANY });
    expect(found.toSorted(byId)).toEqual(printed(messages));
    const page = await house.wiring.findMessages({
      companyId: 'straight',
      conversationId: 'chat-7',
      limit: 500,
    });
    expect(page.messages).toEqual(messages.filter((one) => one.conversationId === 'chat-7'));
    const ofClient = { companyId: 'straight', clientId: 'client-3', limit: 500 };
    const spoken = (await house.wiring.findMessages(ofClient)).messages;
    expect(spoken).toEqual(messages.filter((one) => one.clientId === 'client-3'));
    const checkpoint = await house.wiring.imports.readCheckpoint('straight');
    expect(checkpoint).toEqual({ position: `[${MANY}]`, read: MANY, stored: MANY, refused: 0 });
    await expectFaultless();
  });

  it('P2: leaves alone what any tier had before', async () => {
    const messages = anOldHistory('again');
    const [warm, straight] = [messages.slice(0, 50), messages.slice(0, 1_200)];
    await house.wiring.deps.storeMessages(warm, signal);

    expect(await store(straight)).toMatchObject({ stored: 1_150 });
    expect(await store([...messages, ...messages])).toMatchObject({ stored: 300 });

    const { messages: found, tiers } = await readBack('again');
    expect(tiers).toEqual({ hot: 0, warm: 50, cold: MANY - 50 });
    expect(found.toSorted(byId)).toEqual(printed(messages));
    await expectFaultless();
  });

  it('P2: leaves alone what hot has, under whatever time', async () => {
    const messages = anOldHistory('young');
    const sentAgain = messages.slice(0, 1).map((one) => {
      return { ...one, createdAt: instantOf(Date.now()) };
    });
    await house.wiring.deps.storeMessages(sentAgain, signal);

    expect(await store(messages)).toMatchObject({ stored: MANY - 1 });
    await expectFaultless();
  });

  // The first Message was there before, in warm; of what happens the look before knows nothing.
  it.each<[string, number, (second: Message) => Promise<unknown>]>([
    ['another one is stored', 2, (second) => house.wiring.deps.storeMessages([second], signal)],
    ['the one that was there goes cold', 1, ({ companyId }) => cool(companyId)],
    [
      'another one comes anew, under the time of today',
      2,
      (second) => {
        const today = { ...second, createdAt: instantOf(Date.now()) };
        return house.wiring.deps.storeMessages([today], signal);
      },
    ],
  ])('P2: is written anew if meanwhile %s', async (what, known, happen) => {
    const messages = anOldHistory(`beaten-${what.length}`);
    const [, second] = messages;
    if (!second) throw new Error('too short a history');
    const { companyId } = second;
    await house.wiring.deps.storeMessages(messages.slice(0, 1), signal);
    const rows = await house.wiring.imports.number(messages, signal);
    let rounds = 0;

    const stored = await storeStraight({ db: house.db, cold }, monthOf(rows), {
      rowsMin: 1,
      slot: 0,
      fenced: async (_, transact) => {
        rounds += 1;
        if (rounds === 1) await happen(second);
        await transact(Promise.resolve());
      },
      also: async () => {},
    });

    expect([stored, rounds]).toEqual([MANY - known, 2]);
    const { messages: found } = await readBack(companyId);
    expect(found).toHaveLength(known === 2 && what.includes('today') ? MANY - 1 : MANY);
    expect(new Set(found.map(({ messageId }) => messageId)).size).toBe(found.length);
    await expectFaultless(); // Nor is an object left behind.
  });

  it('P2: is written anew if one goes cold and another one warm, so that the counts are the same', async () => {
    const messages = anOldHistory('swapped');
    const rows = await house.wiring.imports.number(messages, signal);
    await house.wiring.deps.storeMessages(messages.slice(0, 1), signal);
    await cool('swapped');
    await house.wiring.deps.storeMessages(messages.slice(1, 2), signal);
    const first = { companyId: 'swapped', from: instantOf(OLD), to: instantOf(OLD + 1) };
    let rounds = 0;

    const stored = await storeStraight({ db: house.db, cold }, monthOf(rows), {
      rowsMin: 1,
      slot: 0,
      fenced: async (_, transact) => {
        rounds += 1;
        if (rounds === 1) {
          await cool('swapped');
          await house.wiring.archive.restore({ ...first, until: first.to }, { signal });
        }
        await transact(Promise.resolve());
      },
      also: async () => {},
    });

    expect([stored, rounds]).toEqual([MANY - 2, 2]);
    expect((await readBack('swapped')).messages).toHaveLength(MANY);
    await expectFaultless();
  });

  it('P2: goes the usual way if others do not leave its month alone', async () => {
    const messages = anOldHistory('hopeless');
    const rows = await house.wiring.imports.number(messages, signal);
    let nth = 0;
    const stored = await storeStraight({ db: house.db, cold }, monthOf(rows), {
      rowsMin: 1,
      slot: 0,
      fenced: async (_, transact) => {
        await house.wiring.deps.storeMessages(messages.slice(nth, (nth += 1)), signal);
        await transact(Promise.resolve());
      },
      also: async () => {},
    });

    expect(stored).toBeNull();
    expect((await readBack('hopeless')).tiers).toEqual({ hot: 0, warm: nth, cold: 0 });
    await expectFaultless();
  });

  it('P2: is stored once if the answer to its commit is lost', async () => {
    const messages = anOldHistory('lost');
    const rows = await house.wiring.imports.number(messages, signal);
    const options = {
      rowsMin: 1,
      slot: 0,
      fenced: async (_: unknown, transact: (before: Promise<unknown>) => Promise<void>) => {
        await transact(Promise.resolve());
        throw new Error('the answer is lost');
      },
      also: async () => {},
    };
    const deps = { db: house.db, cold };
    await expect(storeStraight(deps, monthOf(rows), options)).rejects.toThrow('is lost');

    expect(await storeStraight(deps, monthOf(rows), options)).toBe(0);
    expect((await readBack('lost')).messages.toSorted(byId)).toEqual(printed(messages));
    await expectFaultless();
  });

  it('P6: that was begun by somebody who died is no fault, and its object is removed', async () => {
    const messages = anOldHistory('died');
    const rows = await house.wiring.imports.number(messages, signal);
    const dying = storeStraight({ db: house.db, cold }, monthOf(rows), {
      rowsMin: 1,
      slot: 0,
      fenced: () => Promise.reject(new Error('dies')),
      also: async () => {},
    });
    await expect(dying).rejects.toThrow('dies');

    await expectFaultless();
    expect(await house.wiring.archive.findRipe({ companyId: 'died' })).toEqual([]);
    expect((await house.wiring.archive.removeRetired(0)).removed).toBeGreaterThan(0);
    await expectFaultless();
    expect(await store(messages)).toMatchObject({ stored: MANY });
    await expectFaultless();
  });

  it('waits in warm where it is short', async () => {
    const messages = anOldHistory('short', 40);
    expect(await store(messages)).toMatchObject({ stored: 40 });
    expect((await readBack('short')).tiers).toEqual({ hot: 0, warm: 40, cold: 0 });
  });

  it('waits in warm where a restore is to keep some of the Company there', async () => {
    const messages = anOldHistory('kept');
    await house.wiring.deps.storeMessages(messages.slice(0, 1), signal);
    const [from, to] = [instantOf(OLD), instantOf(OLD + 1)];
    const until = instantOf(Date.now() + 3_600_000);
    await house.wiring.archive.restore({ companyId: 'kept', from, to, until }, { signal });

    expect(await store(messages)).toMatchObject({ stored: MANY - 1 });

    expect((await readBack('kept')).tiers).toEqual({ hot: 0, warm: MANY, cold: 0 });
  });

  it('is compacted with the rest of its month', async () => {
    const messages = anOldHistory('pieces', 3_000);
    await store(messages.slice(0, 1_500));
    await store(messages.slice(1_500));

    const ripe = await house.wiring.archive.findRipe({ companyId: 'pieces' });
    expect(ripe).toEqual([{ companyId: 'pieces', tier: 'cold', month: OLD_DAY.slice(0, 7) }]);
    for (const batch of ripe) await house.wiring.archive.move(batch, { signal });

    const { rows } = await sql<{ n: number }>`select count(*) as n from segments
      join companies using (company_no) where company_id = 'pieces' and state = 'live'`.execute(
      house.db,
    );
    expect(Number(rows[0]?.n)).toBe(1);
    expect((await readBack('pieces')).messages.toSorted(byId)).toEqual(printed(messages));
    await expectFaultless();
  });
});
