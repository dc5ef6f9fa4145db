import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { instantOf } from '../../domain/instant.ts';
import type { Message } from '../../domain/message.ts';
import { type CheckedPageRequest, cursorOf } from '../../domain/page.ts';
import {
  aMessage,
  eventually,
  openTestHouse,
  runningStatements,
  type TestHouse,
} from '../house.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = Date.now();
const ago = (hours: number) => instantOf(Math.round(NOW_MS - hours * HOUR_MS));

const late = (given: Partial<Message>) => aMessage({ companyId: 'late', ...given });

describe('the move from hot to warm', () => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await openTestHouse();
  });
  afterAll(() => house.close());

  const store = (...messages: Message[]) =>
    house.wiring.deps.storeMessages(messages, AbortSignal.timeout(60_000));
  const move = (companyId: string, before: string) =>
    house.wiring.archive.move(
      { companyId, tier: 'hot', before },
      { signal: AbortSignal.timeout(60_000) },
    );
  const read = async (request: Omit<CheckedPageRequest, 'limit'> & { limit?: number }) =>
    (await house.wiring.findMessages({ limit: 500, ...request })).messages;

  const contentAs = (kind: string) =>
    sql`alter table messages_warm modify content ${sql.raw(kind)} not null`.execute(house.db);

  async function countIn(tier: 'hot' | 'warm', companyId: string): Promise<number> {
    const { rows } = await sql<{ messages: string }>`
      select count(*) as messages from ${sql.table(`messages_${tier}`)}
      join companies using (company_no) where company_id = ${companyId}`.execute(house.db);
    return Number(rows[0]?.messages);
  }

  async function ledgerOf(companyId: string) {
    const days = (await house.wiring.readLedger()).filter((day) => day.companyId === companyId);
    const sum = (field: 'stored' | 'hot' | 'warm') =>
      days.reduce((all, day) => all + day[field], 0);
    return { stored: sum('stored'), hot: sum('hot'), warm: sum('warm') };
  }

  it('keeps every field as it was, also what a collation would take for the same', async () => {
    const messages = [
      aMessage({ companyId: 'bits', createdAt: ago(99), content: 'blank at the end ' }),
      aMessage({ companyId: 'bits', createdAt: ago(98), content: '', role: 'system' }),
      aMessage({ companyId: 'bits', createdAt: ago(97), messageId: 'wamid.ABC=', content: 'É 📦' }),
      aMessage({ companyId: 'bits', createdAt: ago(96), metadata: { b: 1, a: 1e21, ' ': null } }),
      aMessage({ companyId: 'bits', createdAt: ago(95), clientId: 'a guest' }),
    ];
    await store(...messages);

    expect(await move('bits', ago(90))).toEqual({ moved: 5 });

    expect(await read({ companyId: 'bits' })).toEqual(messages);
    expect(await read({ companyId: 'bits', conversationId: 'pedido-1' })).toEqual(messages);
    expect(await read({ companyId: 'bits', clientId: 'a guest' })).toEqual(messages.slice(4));
    expect([await countIn('hot', 'bits'), await countIn('warm', 'bits')]).toEqual([0, 5]);
    expect(await ledgerOf('bits')).toEqual({ stored: 5, hot: 0, warm: 5 });
  });

  // Red when a page counts as settled after the first look, see `isSettled`.
  it('reads pages of a Client and a Company that spoke in many Conversations', async () => {
    const companyId = 'many';
    const messages = Array.from({ length: 1_500 }, (_, nth) =>
      aMessage({
        companyId,
        conversationId: `c-${(nth * 11) % 700}`,
        createdAt: instantOf(NOW_MS - 99 * HOUR_MS + nth * 1_000),
      }),
    );
    await store(...messages);
    await move(companyId, ago(90));

    for (const scope of [{ clientId: 'ana' }, {}]) {
      for (const nth of [10, 700, 1_490]) {
        const cursor = cursorOf(messages[nth] ?? aMessage());
        const older = await read({ companyId, ...scope, limit: 50, before: cursor });
        expect(older).toEqual(messages.slice(Math.max(0, nth - 50), nth));
        const newer = await read({ companyId, ...scope, limit: 50, after: cursor });
        expect(newer).toEqual(messages.slice(nth + 1, nth + 51));
      }
    }
  });

  it('moves one long Conversation in many transactions', async () => {
    const messages = Array.from({ length: 12_000 }, (_, nth) =>
      aMessage({ companyId: 'long', createdAt: instantOf(NOW_MS - 99 * HOUR_MS + (nth >> 1)) }),
    );
    await store(...messages);
    const steps: number[] = [];

    const { moved } = await house.wiring.archive.move(
      { companyId: 'long', tier: 'hot', before: ago(90) },
      { signal: AbortSignal.timeout(60_000), onMoved: (count) => steps.push(count) },
    );

    expect(moved).toBe(12_000);
    expect(Math.max(...steps)).toBeLessThan(2_010);
    expect(await ledgerOf('long')).toEqual({ stored: 12_000, hot: 0, warm: 12_000 });
  });

  it('P6: undoes a batch that does not read back as it was copied', async () => {
    await store(aMessage({ companyId: 'torn', createdAt: ago(99), content: 'Oi ' }));
    // A column that loses what stands at the end, as some do.
    await contentAs('char(200)');
    try {
      await expect(move('torn', ago(90))).rejects.toThrow('is not what was copied there');
    } finally {
      await contentAs('mediumtext');
    }

    expect([await countIn('hot', 'torn'), await countIn('warm', 'torn')]).toEqual([1, 0]);
    expect(await ledgerOf('torn')).toEqual({ stored: 1, hot: 1, warm: 0 });
    expect(await move('torn', ago(90))).toEqual({ moved: 1 });
  });

  // Red without the lock of the Company in ArchiveHotBatch.
  it('two at once never collide: each Message is moved once', async () => {
    const messages = Array.from({ length: 8_000 }, (_, nth) =>
      aMessage({
        companyId: 'two',
        conversationId: `c-${nth % 300}`,
        createdAt: ago(99 - nth / 1e4),
      }),
    );
    await store(...messages);

    const both = await Promise.all([move('two', ago(90)), move('two', ago(90))]);

    expect(both.reduce((sum, { moved }) => sum + moved, 0)).toBe(8_000);
    expect(await ledgerOf('two')).toEqual({ stored: 8_000, hot: 0, warm: 8_000 });
  });

  // Red without `youngSince` in `archive`: sent again, it would be looked for in the hot tier alone.
  it('P2: leaves hot what was said just now, whatever age is asked for', async () => {
    const message = aMessage({ companyId: 'just-now', createdAt: ago(0.1) });
    await store(message, aMessage({ companyId: 'just-now', createdAt: ago(2) }));

    expect(await move('just-now', ago(-1))).toEqual({ moved: 1 });

    await store(message);
    expect(await ledgerOf('just-now')).toEqual({ stored: 2, hot: 1, warm: 1 });
    expect(await countIn('hot', 'just-now')).toBe(1);
  });

  it('`CALL ArchiveOldMessages()` moves what is older than the ages say', async () => {
    await store(
      aMessage({ companyId: 'dba', createdAt: ago(25) }),
      aMessage({ companyId: 'dba', createdAt: ago(23) }),
    );
    const dayOld = { company_no: (await companyNoOf('dba')) ?? 0, hot_hours: 24, warm_days: 30 };
    await house.db.insertInto('tier_ages').values(dayOld).execute();

    await sql`call ArchiveOldMessages()`.execute(house.db);

    expect(await ledgerOf('dba')).toEqual({ stored: 2, hot: 1, warm: 1 });
  });

  it('`CALL ArchiveOldMessages()` moves 2,000 at a time, rests as long as that took, and can be killed then', async () => {
    const messages = Array.from({ length: 5_000 }, (_, nth) =>
      aMessage({
        companyId: 'rests',
        conversationId: `c-${nth % 5}`,
        createdAt: instantOf(NOW_MS - 99 * HOUR_MS + nth),
      }),
    );
    await store(...messages);
    const dayOld = { company_no: (await companyNoOf('rests')) ?? 0, hot_hours: 24, warm_days: 30 };
    await house.db.insertInto('tier_ages').values(dayOld).execute();
    const first = await house.db
      .selectFrom('messages_hot')
      .select('message_id')
      .where('company_no', '=', dayOld.company_no)
      .orderBy('conversation_no')
      .executeTakeFirstOrThrow();
    const holder = await house.db.startTransaction().execute();
    await sql`select * from messages_hot where company_no = ${dayOld.company_no}
      and message_id = ${first.message_id} for update`.execute(holder);
    const running = (start: string) =>
      eventually(
        async () => (await runningStatements(house.db)).find(({ text }) => text.startsWith(start)),
        (found) => found !== undefined,
      );

    const calling = sql`call ArchiveOldMessages()`.execute(house.db).catch(() => {});
    await running('call ArchiveHotBatch');
    await sql`do sleep(1)`.execute(holder); // So long the batch waits, and so long is the rest after it.
    await holder.rollback().execute();
    const rest = await running('select sleep');
    await sql`kill query ${sql.lit(rest?.id ?? 0)}`.execute(house.db);
    await calling;

    expect(await ledgerOf('rests')).toEqual({ stored: 5_000, hot: 3_000, warm: 2_000 });
  });

  const companyNoOf = async (companyId: string) =>
    (
      await house.db
        .selectFrom('companies')
        .select('company_no')
        .where('company_id', '=', companyId)
        .executeTakeFirst()
    )?.company_no;

  describe('a Message that comes late', () => {
    beforeAll(async () => {
      await store(late({ createdAt: ago(1), content: 'young' }));
      const companyNo = (await companyNoOf('late')) ?? 0;
      const dayOld = { company_no: companyNo, hot_hours: 24, warm_days: 30 };
      await house.db.insertInto('tier_ages').values(dayOld).execute();
    });

    it('lands in warm, however old it is, and is read at once in its place', async () => {
      const [month, days] = [late({ createdAt: ago(24 * 45) }), late({ createdAt: ago(24 * 5) })];
      await store(days);
      await store(month);

      expect([await countIn('hot', 'late'), await countIn('warm', 'late')]).toEqual([1, 2]);
      for (const scope of [{}, { conversationId: 'pedido-1' }, { clientId: 'ana' }]) {
        const found = await read({ companyId: 'late', ...scope });
        expect(found.slice(0, 2)).toEqual([month, days]);
        expect(found).toHaveLength(3);
        const { messages } = await house.wiring.findMessages({
          companyId: 'late',
          limit: 1,
          after: cursorOf(month),
          ...scope,
        });
        expect(messages).toEqual([days]);
      }
    });

    // Red without the look into the hot tier in `insertLate`, and without that into warm.
    it('P2: is stored once though it is sent again after it moved, or before', async () => {
      const companyId = 'again';
      const message = aMessage({ companyId, createdAt: ago(24 * 3), messageId: 'wamid.1' });
      const verdicts = await store(message);
      expect(verdicts).toMatchObject([{ outcome: 'stored' }]);
      expect(await store(message)).toEqual([{ outcome: 'duplicate' }]);
      await move(companyId, ago(24));
      expect(await store(message)).toEqual([{ outcome: 'duplicate' }]);
      await store(aMessage({ companyId, createdAt: ago(25) })); // Below the boundary now: warm.
      expect(await store(message, message)).toEqual([
        { outcome: 'duplicate' },
        { outcome: 'duplicate' },
      ]);
      expect(await ledgerOf(companyId)).toEqual({ stored: 2, hot: 0, warm: 2 });
    });

    it('P2: is a duplicate while its first copy still waits in the hot tier', async () => {
      const companyId = 'waits';
      const message = aMessage({ companyId, createdAt: ago(24 * 3) });
      await store(message); // The ages of this Company are far: it is hot.
      await store(aMessage({ companyId, createdAt: ago(24 * 9), conversationId: 'other' }));
      await sql`update companies set hot_since = ${'2999-01-01'} where company_id = ${companyId}`.execute(
        house.db,
      );

      expect(await store(message)).toEqual([{ outcome: 'duplicate' }]);
      expect([await countIn('hot', companyId), await countIn('warm', companyId)]).toEqual([2, 0]);
    });
  });
});
