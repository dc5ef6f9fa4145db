import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { dayOf } from '../../domain/instant.ts';
import type { Message } from '../../domain/message.ts';
import { newMessageId } from '../../domain/message-id.ts';
import { aMessage, openTestHouse, type TestHouse } from '../house.ts';

const signal = AbortSignal.timeout(600_000);

describe('storeMessages', () => {
  let house: TestHouse;
  beforeAll(async () => void (house = await openTestHouse()));
  afterAll(() => house.close());
  // Whatever a test did. Goes red when the Ledger or the Conversations count repeats, too.
  afterEach(() => expectSumsRight(house));

  const store = (...messages: Message[]) => house.wiring.deps.storeMessages(messages, signal);
  const outcomesOf = async (...messages: Message[]) =>
    (await store(...messages)).map((verdict) => verdict.outcome);

  it('answers for each place, also when the very same object stands in two of them', async () => {
    const message = aMessage({ companyId: 'places' });
    expect(await outcomesOf(message, message)).toEqual(['stored', 'duplicate']);
  });

  describe('keeps what it is given', () => {
    const conversationId = 'hostile';
    const read = async (companyId: string) => {
      const page = await house.wiring.findMessages({ companyId, conversationId, limit: 500 });
      return page.messages;
    };

    it('byte for byte, whatever the text', async () => {
      const messages = HOSTILE_TEXTS.map((content, at) =>
        aMessage({ companyId: 'texts', conversationId, content, createdAt: moment(at) }),
      );

      await store(...messages);

      expect(await read('texts')).toEqual(messages);
      const { rows } = await sql<{ bytes: string }>`
        select lower(hex(content)) as bytes from messages_hot
        join companies using (company_no) where company_id = 'texts' order by created_at
      `.execute(house.db);
      expect(rows.map((row) => row.bytes)).toEqual(
        HOSTILE_TEXTS.map((content) => Buffer.from(content).toString('hex')),
      );
    });

    it('with the metadata as it was, keys in their order', async () => {
      const metadata = HOSTILE_METADATA.map((text) => JSON.parse(text) as object);
      const messages = metadata.map((one, at) =>
        aMessage({
          companyId: 'meta',
          conversationId,
          metadata: { ...one },
          createdAt: moment(at),
        }),
      );

      await store(...messages);

      expect((await read('meta')).map(toJson)).toEqual(messages.map(toJson));
      expect(({} as { admin?: boolean }).admin).toBeUndefined();
    });

    it('under whatever ids', async () => {
      const messages = HOSTILE_IDS.map((id, at) =>
        aMessage({
          companyId: id,
          clientId: id,
          conversationId: id,
          messageId: id,
          content: `${at}`,
        }),
      );

      await store(...messages);

      for (const message of messages) {
        const { companyId, clientId, conversationId: id } = message;
        const ofConversation = { companyId, conversationId: id, limit: 10 };
        const ofClient = { companyId, clientId, limit: 10 };
        expect((await house.wiring.findMessages(ofConversation)).messages).toEqual([message]);
        expect((await house.wiring.findMessages(ofClient)).messages).toEqual([message]);
      }
    });

    it('with its own id: a UUID alone, anything else beside its hash', async () => {
      const uuid = newMessageId();
      const ids = [uuid, uuid.toUpperCase(), 'wamid.1', 'WAMID.1', 'x'.repeat(128)];
      const messages = ids.map((messageId, at) =>
        aMessage({ companyId: 'ids', conversationId, messageId, createdAt: moment(at) }),
      );

      expect(await outcomesOf(...messages)).toEqual(ids.map(() => 'stored'));

      expect((await read('ids')).map((message) => message.messageId)).toEqual(ids);
      const { rows } = await sql<{ external_id: string | null }>`
        select external_id from messages_hot join companies using (company_no)
        where company_id = 'ids' order by created_at`.execute(house.db);
      expect(rows.map((row) => row.external_id)).toEqual([null, ...ids.slice(1)]);
    });
  });

  describe('P2: stores a messageId of a Company once', () => {
    // Goes red when a group is not reduced to the first of each.
    it('when it stands twice in one call', async () => {
      const message = aMessage();
      expect(await outcomesOf(message, aMessage(), { ...message })).toEqual([
        'stored',
        'stored',
        'duplicate',
      ]);
    });

    // Goes red when a duplicate fails its group instead of being looked up.
    it('when it is stored again and again, by others too', async () => {
      const message = aMessage();
      const neighbour = house.openNeighbour();
      const again = () => neighbour.deps.storeMessages([message], signal);
      const calls = Array.from({ length: 20 }, (_, at) => (at % 2 ? store(message) : again()));

      const outcomes = (await Promise.all(calls)).flat().map((verdict) => verdict.outcome);

      expect(outcomes.toSorted().slice(-2)).toEqual(['duplicate', 'stored']);
      expect(await rowsOf(house, message.messageId)).toBe(1);
    });

    // Goes red without the unique key `messages_hot_once`.
    it('when the repeat carries another createdAt, and the first stays', async () => {
      const message = aMessage({ companyId: 'other-day' });
      await store(message);

      const repeats = ['2026-03-01T12:00:00.001Z', '2026-02-01T12:00:00.000Z'];
      const messages = repeats.map((createdAt) => ({ ...message, createdAt, content: 'repeat' }));
      expect(await outcomesOf(...messages)).toEqual(['duplicate', 'duplicate']);

      const page = await house.wiring.findMessages({ companyId: 'other-day', limit: 10 });
      expect(page.messages).toEqual([message]);
    });

    // Goes red without the unique key `messages_hot_once`.
    it('when the repeats name other Conversations, all at once', async () => {
      const message = aMessage({ companyId: 'moved' });
      const repeats = Array.from({ length: 16 }, (_, at) =>
        store({ ...message, conversationId: `conversation-${at}` }),
      );

      const outcomes = (await Promise.all(repeats)).flat().map((verdict) => verdict.outcome);

      expect(outcomes.filter((outcome) => outcome === 'stored')).toHaveLength(1);
      expect(await rowsOf(house, message.messageId)).toBe(1);
    });

    // Goes red when the identity of a Message leaves out its Company.
    it('but one of each Company', async () => {
      const message = aMessage({ companyId: 'company-a' });
      const other = { ...message, companyId: 'company-b' };
      expect(await outcomesOf(message, other)).toEqual(['stored', 'stored']);
      expect(await rowsOf(house, message.messageId)).toBe(2);
    });

    // Goes red when a duplicate fails its group instead of being looked up.
    it('when two processes store the same 2,000 Messages at once', async () => {
      const neighbour = house.openNeighbour();
      const messages = Array.from({ length: 2_000 }, (_, at) =>
        aMessage({
          companyId: `company-${at % 3}`,
          conversationId: `race-${at % 40}`,
          createdAt: moment(at % 7, at % 5),
        }),
      );
      const pieces = Array.from({ length: 4 }, (_, at) => messages.slice(at * 500, at * 500 + 500));

      const verdicts = await Promise.all([
        ...pieces.map((piece) => store(...piece)),
        ...pieces.map((piece) => neighbour.deps.storeMessages(piece.toReversed(), signal)),
      ]);

      const counts = { stored: 0, duplicate: 0, refused: 0 };
      for (const { outcome } of verdicts.flat()) counts[outcome] += 1;
      expect(counts).toEqual({ stored: 2_000, duplicate: 2_000, refused: 0 });
    });
  });

  it('counts into the Ledger by the UTC day of each Message', async () => {
    const days = ['2026-01-31', '2026-02-01', '2026-02-01', '2025-12-31'];
    const edges = ['23:59:59.999Z', '00:00:00.000Z', '23:59:59.999Z', '12:00:00.000Z'];
    const messages = days.map((day, at) =>
      aMessage({ companyId: 'ledger', createdAt: `${day}T${edges[at]}` }),
    );

    await store(...messages);
    await store(...messages); // A repeat counts nothing.

    const entries = await house.wiring.readLedger();
    const ours = entries.filter((entry) => entry.companyId === 'ledger');
    const none = { warm: 0, cold: 0, erased: 0 };
    expect(ours).toEqual([
      { companyId: 'ledger', day: '2025-12-31', stored: 1, hot: 1, ...none },
      { companyId: 'ledger', day: '2026-01-31', stored: 1, hot: 1, ...none },
      { companyId: 'ledger', day: '2026-02-01', stored: 2, hot: 2, ...none },
    ]);
  });

  it('knows first, last and number of a Conversation, in whichever order its Messages come', async () => {
    const companyId = 'late';
    const order = [5, 2, 9, 0, 7, 3];
    for (const at of order) await store(aMessage({ companyId, createdAt: moment(at) }));
    await store(...[4, 12, 1].map((at) => aMessage({ companyId, createdAt: moment(at) })));

    const [conversation] = await house.wiring.getActiveConversations(companyId);
    expect(conversation).toMatchObject({
      firstMessageAt: moment(0),
      lastMessageAt: moment(12),
      messageCount: 9,
    });
  });

  // Goes red when a fault of data is thrown on instead of the Messages being halved.
  it('refuses a Message that MySQL cannot hold, alone, and tells nothing of its text', async () => {
    const narrow = await openTestHouse();
    onTestFinished(narrow.close);
    await sql`alter table messages_hot modify external_id varchar(10) null`.execute(narrow.db);
    const messages = Array.from({ length: 50 }, (_, at) =>
      aMessage({ messageId: at === 33 ? 'wamid.too-long' : `id-${at}`, content: 'my secret' }),
    );

    const verdicts = await narrow.wiring.deps.storeMessages(messages, signal);

    const refused = { outcome: 'refused', reason: expect.stringContaining('ER_DATA_TOO_LONG') };
    expect(verdicts[33]).toEqual(refused);
    expect(verdicts[33]).toMatchObject({ reason: expect.stringContaining('external_id') });
    expect(JSON.stringify(verdicts[33])).not.toMatch(/secret|wamid/);
    const others = verdicts.filter((_, at) => at !== 33);
    expect(others.every((verdict) => verdict.outcome === 'stored')).toBe(true);
    await expectSumsRight(narrow);
  });

  it('stores nothing and says so in time when the signal has aborted', async () => {
    const message = aMessage();
    const late = house.wiring.deps.storeMessages([message], AbortSignal.abort());
    await expect(late).rejects.toMatchObject({
      code: 'STORE_TIMED_OUT',
      retry: { afterMs: 1_000 },
    });
    expect(await rowsOf(house, message.messageId)).toBe(0);
  });
});

const HOSTILE_TEXTS = [
  `'; drop table messages_hot; -- `,
  `\\`,
  `\\\\'`,
  `\\' or 1=1 #`,
  '"`?:name %s ${x} %_ /* */',
  `?,?),(1,2,3`,
  '\0',
  `a\0'b\u001a\b\t\r\n`,
  '😀👩‍👩‍👧‍👦🏳️‍🌈',
  'caf\u00e9',
  'cafe\u0301',
  '\u202emoc\u202c مرحبا שלום',
  '\ufeff\u200b\u2028\u2029\uffff',
  '',
  '   ',
  ' blanks around ',
  '{"content":null}',
  '😀'.repeat(16_384),
];

const HOSTILE_METADATA = [
  '{}',
  '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}',
  '{"b":1,"a":2,"":3,"a.b":4,"$set":5,"2":6,"1":7}',
  '{"n":[0,-1,0.1,1e21,5e-324,1.7976931348623157e308,9007199254740991]}',
  String.raw`{"quote'\"\\":"it's \\ \"?\"","nul\u0000":"\u0000","half":"\ud83d","😀":"e\u0301"}`,
  '{"nothing":null,"yes":true,"deep":[[[[[{"a":[]}]]]]],"text":""}',
];

const HOSTILE_IDS = [
  `o'brien`,
  `back\\slash`,
  `"; drop table companies; --`,
  '`?`',
  '😀'.repeat(32),
  'e\u0301',
  '\u00e9',
  'مرحبا',
  '../../etc/passwd',
  'a:b:c',
  '{a}',
  '0',
  '字'.repeat(64),
];

const moment = (second: number, day = 0) =>
  new Date(Date.UTC(2026, 1, 1 + day, 12, 0, second)).toISOString();

const toJson = (message: Message) => JSON.stringify(message);

async function rowsOf(house: TestHouse, messageId: string): Promise<number> {
  const { rows } = await sql<{ count: string }>`
    select count(*) as count from messages_hot
    where lower(hex(message_id)) = ${messageId.replaceAll('-', '')}`.execute(house.db);
  return Number(rows[0]?.count);
}

/** The Ledger and the Conversations, compared with a recount of the rows. */
async function expectSumsRight(house: TestHouse): Promise<void> {
  const rows = await house.db
    .selectFrom('messages_hot as message')
    .innerJoin('companies as company', 'company.company_no', 'message.company_no')
    .select(['company.company_id', 'message.conversation_no', 'message.created_at'])
    .execute();

  const perDay = countBy(rows, (row) => `${row.company_id} ${dayOf(row.created_at)}`);
  const ledger = (await house.wiring.readLedger()).map((entry) => {
    expect(entry.stored).toBe(entry.hot + entry.warm + entry.cold + entry.erased);
    return [`${entry.companyId} ${entry.day}`, entry.stored] as const;
  });
  expect(new Map(ledger)).toEqual(perDay);

  const perConversation = Map.groupBy(rows, (row) => row.conversation_no);
  const conversations = await house.db.selectFrom('conversations').selectAll().execute();
  const told = conversations.map((one) => ({
    no: one.conversation_no,
    count: one.message_count,
    first: one.first_message_at,
    last: one.last_message_at,
  }));
  const recounted = conversations.map(({ conversation_no: no }) => {
    const moments = (perConversation.get(no) ?? []).map((row) => row.created_at).toSorted();
    return {
      no,
      count: moments.length,
      first: moments.at(0) ?? null,
      last: moments.at(-1) ?? null,
    };
  });
  expect(told).toEqual(recounted);
}

function countBy<Item>(items: readonly Item[], keyOf: (item: Item) => string) {
  const groups = [...Map.groupBy(items, keyOf)];
  return new Map(groups.map(([key, group]) => [key, group.length]));
}
