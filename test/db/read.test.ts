import { CompiledQuery } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openNames } from '../../db/names.ts';
import { hotQuery, pageParameters } from '../../db/page-range.ts';
import { type Cursor, fromCursor, toCursor } from '../../domain/cursor.ts';
import { instantOf } from '../../domain/instant.ts';
import type { Message } from '../../domain/message.ts';
import { messageKey } from '../../domain/message-id.ts';
import { cursorOf, type Page } from '../../domain/page.ts';
import { aMessage, openTestHouse, type TestHouse } from '../house.ts';

const START_MS = Date.parse('2026-02-01T12:00:00.000Z');
/** Two Companies that share every name, and one that shares none with them; 2,000 Messages each. */
const COMPANIES = ['padaria', 'rival', 'clinica'] as const;
const MESSAGES: readonly Message[] = COMPANIES.flatMap((companyId) => manyMessages(companyId));

interface Scope {
  readonly companyId: string;
  readonly conversationId?: string;
  readonly clientId?: string;
  readonly from?: string;
  readonly to?: string;
}
const SCOPES: [string, Scope][] = [
  ['a Conversation', { companyId: 'padaria', conversationId: 'pedido-0' }],
  ['a Client', { companyId: 'padaria', clientId: 'ana' }],
  ['a Company', { companyId: 'padaria' }],
];

describe('findMessages', () => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await openTestHouse();
    await store(...MESSAGES);
  });
  afterAll(() => house.close());

  const store = (...messages: Message[]) =>
    house.wiring.deps.storeMessages(messages, AbortSignal.timeout(60_000));
  const find = (request: Scope & Partial<Parameters<typeof house.wiring.findMessages>[0]>) =>
    house.wiring.findMessages({ limit: 50, ...request });

  /** From the newest to the oldest; the Messages oldest first. */
  async function walkBack(scope: Scope, limit: number): Promise<Message[]> {
    const pages: Page[] = [];
    let before: Cursor | null = null;
    do {
      pages.push(await find({ ...scope, limit, ...(before === null ? {} : { before }) }));
      before = pages.at(-1)?.before ?? null;
    } while (before !== null && pages.length <= 1_000);
    return pages.toReversed().flatMap((page) => page.messages);
  }

  async function walkForward(scope: Scope, limit: number): Promise<Message[]> {
    const messages: Message[] = [];
    let after = BEGINNING;
    for (let pages = 0; pages <= 1_000; pages += 1) {
      const page: Page = await find({ ...scope, limit, after });
      if (page.messages.length === 0) break;
      messages.push(...page.messages);
      after = page.after ?? '';
    }
    return messages;
  }

  describe.each(SCOPES)('of %s', (name, scope) => {
    const all = ofScope(scope);

    it('gives the newest page first, oldest Message on top', async () => {
      const page = await find(scope);
      expect(idsOf(page.messages)).toEqual(idsOf(all.slice(-50)));
      expect(page.messages).toEqual(all.slice(-50));
      expect(page.after).toBe(cursorOf(all.at(-1) ?? aMessage()));
    });

    // Goes red without the ties at the end of the range, or without `message_id` in the order.
    it.each([17, 100, 500])('P4: gives all, once and in order, by pages of %i', async (limit) => {
      expect(idsOf(await walkBack(scope, limit))).toEqual(idsOf(all));
      expect(idsOf(await walkForward(scope, limit))).toEqual(idsOf(all));
    });

    it('turns around between two Messages of one millisecond', async () => {
      for (const at of [1, 500, all.length - 2]) {
        const cursor = cursorOf(all[at] ?? aMessage());
        const older = await find({ ...scope, limit: 3, before: cursor });
        const newer = await find({ ...scope, limit: 3, after: cursor });
        expect(idsOf(older.messages)).toEqual(idsOf(all.slice(Math.max(0, at - 3), at)));
        expect(idsOf(newer.messages)).toEqual(idsOf(all.slice(at + 1, at + 4)));
      }
    });

    it('keeps to its limit, and knows whether there are older ones', async () => {
      for (const limit of [1, all.length - 1]) {
        const page = await find({ ...scope, limit });
        expect(page.messages).toHaveLength(limit);
        expect(page.before).toBe(cursorOf(page.messages[0] ?? aMessage()));
      }
      for (const limit of [all.length, all.length + 1]) {
        const page = await find({ ...scope, limit });
        expect(page.messages).toHaveLength(all.length);
        expect(page.before).toBeNull();
      }
    });

    it('includes `from`, leaves out `to`, and takes a cursor besides', async () => {
      const [from, to] = [instantOf(START_MS + 5_000), instantOf(START_MS + 9_000)];
      const wanted = all.filter(({ createdAt }) => createdAt >= from && createdAt < to);
      expect(wanted.length).toBeGreaterThan(100);

      expect(idsOf(await walkBack({ ...scope, from, to }, 50))).toEqual(idsOf(wanted));
      expect(idsOf(await walkForward({ ...scope, from, to }, 50))).toEqual(idsOf(wanted));
      expect((await find({ ...scope, from, to: from })).messages).toEqual([]);
      expect((await find({ ...scope, from: to, to: from })).messages).toEqual([]);
    });

    // Goes red when the Company is missing in the range, and in the key of a name: one would do.
    it('P7: shows nothing of another Company with the same names', async () => {
      const rival = { ...scope, companyId: 'rival' };
      const [ours, theirs] = [await walkBack(scope, 500), await walkBack(rival, 500)];
      expect(ours.every(({ content }) => content.endsWith('of padaria'))).toBe(true);
      expect(theirs.every(({ content }) => content.endsWith('of rival'))).toBe(true);

      // Their cursor is but a place in time here.
      const cursor = cursorOf(theirs[700] ?? aMessage());
      const { messages } = await find({ ...scope, before: cursor });
      expect(messages.every(({ content }) => content.endsWith('of padaria'))).toBe(true);
    });

    // Goes red with another index, or without `message_id` at the end of this one.
    it.each(['first', 'a later'])('reads %s page as one range of its index', async (which) => {
      const position = which === 'first' ? null : fromCursor(cursorOf(all[900] ?? aMessage()));
      for (const isForward of position ? [false, true] : [false]) {
        const plan = await explain(scope, { position, isForward });
        expect(plan.key).toBe(INDEX_OF[name]);
        expect(plan.type).toMatch(/^(range|ref)$/);
        expect(plan.Extra ?? '').not.toMatch(/filesort|temporary/);
      }
    });

    // Goes red when a condition is added to the one and not to the other.
    it('gives a statement written before the values in the order it asks for them', async () => {
      const span = { from: instantOf(START_MS), to: instantOf(START_MS + 9_000) };
      for (const position of [null, fromCursor(cursorOf(all[900] ?? aMessage()))]) {
        for (const wanted of [scope, { ...scope, ...span }]) {
          const range = await rangeOf(wanted, { position, isForward: false });
          expect(pageParameters(range)).toEqual(hotQuery(house.db, range).compile().parameters);
        }
      }
    });

    it('reads hardly more rows than it gives, however deep the page lies', async () => {
      for (const at of [all.length - 1, 900, 60]) {
        const position = fromCursor(cursorOf(all[at] ?? aMessage()));
        expect(await rowsTouched(scope, position)).toBeLessThan(51 + TIES_MAX + 10);
      }
    });
  });

  it('gives an empty page for names it does not know', async () => {
    const nothing = { messages: [], before: null, after: null };
    expect(await find({ companyId: 'nobody' })).toEqual(nothing);
    expect(await find({ companyId: 'nobody', conversationId: 'pedido-0' })).toEqual(nothing);
    expect(await find({ companyId: 'padaria', conversationId: 'nothing' })).toEqual(nothing);
    expect(await find({ companyId: 'padaria', clientId: 'nobody' })).toEqual(nothing);
    expect(await find({ companyId: 'clinica', clientId: 'ana' })).toEqual(nothing);
  });

  it('creates no name by asking for it', async () => {
    await find({ companyId: 'asked', conversationId: 'asked', limit: 1 });
    const companies = await house.db.selectFrom('companies').select('company_id').execute();
    expect(companies.map((row) => row.company_id)).not.toContain('asked');
  });

  // Goes red with a collation that folds case, accents or blanks.
  it('P7: takes ids for different that differ by case, by accents or by a blank', async () => {
    const ids = ['Loja', 'loja', 'LOJA', 'lojá', 'loja\u0301', 'lo ja', 'ｌｏｊａ'];
    const messages = ids.flatMap((id) => [
      aMessage({ companyId: id, clientId: id, conversationId: id, content: id }),
      aMessage({ companyId: 'shared', clientId: id, conversationId: id, content: id }),
    ]);
    await store(...messages);

    const neighbour = house.openNeighbour();
    for (const id of ids) {
      for (const scope of [
        { companyId: id },
        { companyId: 'shared', conversationId: id },
        { companyId: 'shared', clientId: id },
      ]) {
        const { messages: found } = await neighbour.findMessages({ ...scope, limit: 50 });
        expect(found.map(({ content }) => content)).toEqual([id]);
      }
    }
    for (const id of ['loja ', ' loja', 'loja\t', 'loja\0']) {
      expect((await find({ companyId: id })).messages).toEqual([]);
      expect((await find({ companyId: 'shared', clientId: id })).messages).toEqual([]);
      expect((await find({ companyId: 'shared', conversationId: id })).messages).toEqual([]);
    }
  });

  it.each(['before', 'after'])('refuses a made-up cursor as `%s`', async (side) => {
    for (const cursor of ['', 'abc', "' or 1=1 --", '_'.repeat(32)]) {
      const asked = find({ companyId: 'padaria', [side]: cursor });
      await expect(asked).rejects.toMatchObject({ code: 'CURSOR_INVALID', retry: 'never' });
    }
  });

  it('tells from the end of a Conversation what comes later', async () => {
    const scope = { companyId: 'live', conversationId: 'live' };
    const [first, second] = [
      aMessage(scope),
      aMessage({ ...scope, createdAt: instantOf(Date.now()) }),
    ];
    await store(first);
    const after = (await find(scope)).after ?? '';
    expect(await find({ ...scope, after })).toEqual({ messages: [], before: null, after });

    await store(second);
    expect(await find({ ...scope, after })).toMatchObject({
      messages: [second],
      after: cursorOf(second),
    });
  });

  it('gives an empty page at the beginning, from which one can go on', async () => {
    const scope = { companyId: 'padaria', conversationId: 'pedido-0' };
    const page = await find({ ...scope, before: BEGINNING });
    expect(page).toEqual({ messages: [], before: null, after: BEGINNING });
  });

  async function rangeOf(scope: Scope, where: { position: Position | null; isForward: boolean }) {
    const names = openNames(house.db);
    const company_no = (await names.companyNo(scope.companyId)) ?? 0;
    const request = { ...scope, limit: 50, ...(where.isForward ? { after: '' } : {}) };
    const { position } = where;
    if (scope.conversationId !== undefined) {
      const conversation_no = (await names.conversationNo(company_no, scope.conversationId)) ?? 0;
      const equal = { company_no, conversation_no };
      return { request, position, scope: { index: 'primary' as const, equal } };
    }
    if (scope.clientId !== undefined) {
      const client_no = (await names.clientNo(company_no, scope.clientId)) ?? 0;
      const equal = { client_no, company_no };
      return { request, position, scope: { index: 'messages_hot_by_client' as const, equal } };
    }
    const index = 'messages_hot_by_company' as const;
    return { request, position, scope: { index, equal: { company_no } } };
  }

  const compiled = async (...range: Parameters<typeof rangeOf>) =>
    hotQuery(house.db, await rangeOf(...range)).compile();

  async function explain(scope: Scope, where: { position: Position | null; isForward: boolean }) {
    const { sql, parameters } = await compiled(scope, where);
    const query = CompiledQuery.raw(`explain format=traditional ${sql}`, [...parameters]);
    const { rows } = await house.db.executeQuery<Plan>(query);
    return rows.find(({ table }) => table === 'message') ?? expect.fail('no plan for `message`');
  }

  /** Rows of the index that the server went over for a page, by its own count. */
  async function rowsTouched(scope: Scope, position: Position): Promise<number> {
    const { sql, parameters } = await compiled(scope, { position, isForward: false });
    return house.db.connection().execute(async (one) => {
      const count = async () => {
        const status = CompiledQuery.raw(`show session status like 'Handler_read_%'`);
        const { rows } = await one.executeQuery<{ Variable_name: string; Value: string }>(status);
        const walked = rows.filter((row) => /_(next|prev|rnd_next)$/.test(row.Variable_name));
        return walked.reduce((sum, row) => sum + Number(row.Value), 0);
      };
      const before = await count();
      await one.executeQuery(CompiledQuery.raw(sql, [...parameters]));
      const asked = await count();
      return asked - before - ((await count()) - asked); // Without what counting itself reads.
    });
  }
});

interface Plan {
  readonly table: string;
  readonly type: string;
  readonly key: string;
  readonly Extra: string | null;
}
type Position = ReturnType<typeof fromCursor>;

const INDEX_OF: Record<string, string> = {
  'a Conversation': 'PRIMARY',
  'a Client': 'messages_hot_by_client',
  'a Company': 'messages_hot_by_company',
};
const BEGINNING = toCursor({ createdAt: instantOf(0), messageKey: Buffer.alloc(16) });
/** Messages of one moment in one Company. */
const TIES_MAX = 100;

/** Half of them in one Conversation; in no order, 100 at each of 20 moments. */
function manyMessages(companyId: string): Message[] {
  return Array.from({ length: 2_000 }, (_, at) => {
    const conversation = at % 2 === 0 ? 0 : 1 + (at % 3);
    const shared = {
      clientId: conversation < 2 ? 'ana' : 'bia',
      conversationId: `pedido-${conversation}`,
    };
    const own = { clientId: `client-${at % 9}`, conversationId: `consulta-${at % 99}` };
    return aMessage({
      companyId,
      ...(companyId === 'clinica' ? own : shared),
      // An id of its own Company would hide a leak that an equal one shows.
      messageId: at % 5 === 0 ? `id-${at}` : aMessage().messageId,
      createdAt: instantOf(START_MS + ((at * 7) % 20) * 1_000),
      content: `${at} of ${companyId}`,
    });
  });
}

/** What a reader should see, in order. */
function ofScope({ companyId, conversationId, clientId }: Scope): Message[] {
  return MESSAGES.filter(
    (message) =>
      message.companyId === companyId &&
      (conversationId === undefined || message.conversationId === conversationId) &&
      (clientId === undefined || message.clientId === clientId),
  ).toSorted(
    (a, b) =>
      Date.parse(a.createdAt) - Date.parse(b.createdAt) ||
      Buffer.compare(messageKey(a.messageId), messageKey(b.messageId)),
  );
}

const idsOf = (messages: readonly Message[]) => messages.map((message) => message.messageId);
