import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openNames } from '../../db/names.ts';
import { forgetFailure, noteFailure } from '../../db/summaries/failures.ts';
import { findDueSummaries } from '../../db/summaries/find-due.ts';
import { instantOf } from '../../domain/instant.ts';
import type { Message } from '../../domain/message.ts';
import { isStale, type Summary, SUMMARY_VERSIONS_MAX } from '../../domain/summary.ts';
import { aMessage, openTestHouse, type TestHouse } from '../house.ts';

const MINUTE_MS = 60_000;
const NEVER = new AbortController().signal;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const at = (clock: string) => `2026-03-01T${clock}:00.000Z`;

let house: TestHouse;
/** Never called here; only its budget counts. */
const MODEL = { LLM_BASE_URL: 'http://127.0.0.1:9/v1', LLM_MODEL: 'none' };
beforeAll(async () => void (house = await openTestHouse(MODEL)));
afterAll(() => house?.close());

const store = (...messages: Message[]) =>
  house.wiring.deps.storeMessages(messages, AbortSignal.timeout(60_000));
const keep = (companyId: string, given: Partial<Summary> = {}) =>
  house.wiring.deps.keepSummary(companyId, aSummary(given));

/** A valid Summary; what a test is about, it says itself. */
function aSummary(given: Partial<Summary> = {}): Summary {
  return {
    conversationId: 'pedido-1',
    version: 1,
    summary: 'O pedido não chegou. 📦',
    keyPoints: [{ text: 'O pedido não chegou.', messageIds: ['wamid.ABC=', 'm-2'] }],
    sentiment: { label: 'negative', score: -0.37, course: [-0.5, 0.25, -1] },
    tags: ['entrega', 'reembolso'],
    language: 'pt',
    messageCount: 1,
    durationMinutes: 12,
    upTo: { messageId: 'wamid.ABC=', createdAt: '2026-03-01T12:00:00.123Z' },
    madeAt: '2026-03-02T02:00:00.456Z',
    model: 'a-model',
    promptVersion: 3,
    tokens: { input: 1_234, output: 567 },
    costMicros: 9_876_543_210,
    ...given,
  };
}

describe('a Summary', () => {
  const wanted = { companyId: 'padaria', conversationId: 'pedido-1' };

  it('is read as it was kept, and so is each version before it', async () => {
    await store(aMessage());
    expect((await house.wiring.readSummary(wanted))?.summary).toBeNull();
    const first = aSummary();
    const second = aSummary({ version: 2, keyPoints: [], tags: [], messageCount: 2 });

    expect(await keep('padaria')).toBe(true);
    expect(await keep('padaria', second)).toBe(true);

    expect(await house.wiring.readSummary(wanted)).toMatchObject({
      conversation: { conversationId: 'pedido-1', messageCount: 1 },
      summary: second,
    });
    const before = await house.wiring.readSummary({ ...wanted, version: 1 });
    expect(before?.summary).toEqual(first);
    expect((await house.wiring.readSummary({ ...wanted, version: 3 }))?.summary).toBeNull();
    expect(await house.wiring.listSummaryVersions(wanted)).toMatchObject([
      { version: 2, messageCount: 2, model: 'a-model', promptVersion: 3 },
      { version: 1, messageCount: 1, madeAt: first.madeAt },
    ]);
    const latest = house.db.selectFrom('summaries').select('version').where('is_latest', '=', 1);
    expect(await latest.execute()).toEqual([{ version: 2 }]);
  });

  it('is there once though several of one version were made at once', async () => {
    await store(aMessage({ companyId: 'clinica' }));
    const models = ['a', 'b', 'c', 'd'];

    const kept = await Promise.all(models.map((model) => keep('clinica', { model })));

    expect(kept.filter(Boolean)).toHaveLength(1);
    const state = await house.wiring.readSummary({ ...wanted, companyId: 'clinica' });
    expect(state?.summary?.model).toBe(models[kept.indexOf(true)]);
  });

  it('P7: is of its Company, though another one has a Conversation of that name', async () => {
    await store(aMessage({ companyId: 'secreta' }));
    const state = await house.wiring.readSummary({ ...wanted, companyId: 'secreta' });
    expect(state?.summary).toBeNull();
    expect(await house.wiring.readSummary({ ...wanted, companyId: 'nobody' })).toBeNull();
    expect(await house.wiring.readSummary({ ...wanted, conversationId: 'none' })).toBeNull();
  });

  it('P8: has a hundred versions at most, but for those of the last day', async () => {
    await store(aMessage({ companyId: 'loja' }));
    const versions = Array.from({ length: SUMMARY_VERSIONS_MAX + 3 }, (_, nth) => nth + 1);
    const startMs = Date.parse('2026-03-02T02:00:00Z');
    const hourly = (version: number) => instantOf(startMs + version * 3_600_000);

    for (const version of versions) await keep('loja', { version, madeAt: hourly(version) });

    const rows = await house.db
      .selectFrom('summaries')
      .innerJoin('companies', 'companies.company_no', 'summaries.company_no')
      .select('version')
      .where('company_id', '=', 'loja')
      .orderBy('version')
      .execute();
    expect(rows.map(({ version }) => version)).toEqual(versions.slice(3));
  });
});

describe('a stale Summary', () => {
  const summary = aSummary({
    messageCount: 2,
    upTo: { messageId: 'm', createdAt: at('12:30') },
  });
  const conversation = {
    conversationId: 'pedido-1',
    clientId: 'ana',
    firstMessageAt: at('12:00'),
    lastMessageAt: at('12:30'),
    messageCount: 2,
  };

  it.each([
    ['nothing was said since', false, {}],
    ['something was', true, { lastMessageAt: at('12:31'), messageCount: 3 }],
    ['something came late', true, { messageCount: 3 }],
    ['it began earlier than was known', true, { firstMessageAt: at('11:00'), messageCount: 3 }],
  ])('says so: %s', (_, expected, given) => {
    expect(isStale(summary, { ...conversation, ...given })).toBe(expected);
  });
});

const inName = ({ companyId, conversationId }: { companyId: string; conversationId: string }) =>
  `${companyId} ${conversationId}`;

const ofDue = (found: string[]) => found.filter((name) => name.startsWith('due '));

describe('what is due', () => {
  const NOW_MS = Date.parse('2026-04-01T02:00:00Z');
  const ago = (minutes: number) => instantOf(NOW_MS - minutes * MINUTE_MS);
  const said = (conversationId: string, minutes: number, companyId = 'due') =>
    aMessage({ companyId, conversationId, createdAt: ago(minutes) });
  let own: TestHouse;
  beforeAll(async () => {
    own = await openTestHouse();
    const messages = [said('quiet', 31), said('old', 9_999), said('speaks', 29)];
    const tied = ['a', 'b', 'c', 'd', 'e'].map((id) => said(id, 40));
    const other = said('quiet', 35, 'other');
    await own.wiring.deps.storeMessages([...messages, ...tied, other], AbortSignal.timeout(60_000));
  });
  afterAll(() => own?.close());

  const search = (limits?: { dueMax: number; perQueryMax: number }, signal = NEVER) =>
    findDueSummaries(own.db, { nowMs: NOW_MS, signal }, limits);
  async function find(limits?: { dueMax: number; perQueryMax: number }): Promise<string[]> {
    const found: string[] = [];
    for await (const due of search(limits)) found.push(...due.map(inName));
    return found;
  }
  const TIED = ['due a', 'due b', 'due c', 'due d', 'due e'];

  it('is quiet for half an hour, and comes newest first in each Company, each once', async () => {
    const all = await find();
    expect(all.toSorted()).toEqual([...TIED, 'due old', 'due quiet', 'other quiet']);
    const found = ofDue(all);
    expect(found[0]).toBe('due quiet');
    expect(found.slice(1, -1).toSorted()).toEqual(TIED);
    expect(found.at(-1)).toBe('due old');
  });

  it.each([1, 2, 3])('is found in pages of %i, also where moments are the same', async (page) => {
    const found = await find({ dueMax: 100, perQueryMax: page });
    expect(found.toSorted()).toEqual((await find()).toSorted());
    expect(ofDue(found)).toEqual(ofDue(await find()));
  });

  it('P8: is no more than one night takes, of all Companies together', async () => {
    expect(await find({ dueMax: 2, perQueryMax: 100 })).toEqual(['due quiet', 'other quiet']);
  });

  it('comes from each Company in turn, and from a large one what the others leave', async () => {
    const found = await find({ dueMax: 5, perQueryMax: 100 });
    expect(found).toHaveLength(5);
    expect(found.indexOf('other quiet')).toBe(2);
    expect(found).toEqual(expect.arrayContaining(ofDue(await find()).slice(0, 4)));
  });

  it('is given until the search is told to end', async () => {
    const told = new AbortController();
    const found: string[] = [];
    for await (const due of search({ dueMax: 3, perQueryMax: 100 }, told.signal)) {
      found.push(...due.map(inName));
      told.abort();
    }
    expect(found).toEqual(['due quiet']);
  });

  it('is not due again until more was said, be it late', async () => {
    const upTo = { messageId: 'm', createdAt: ago(31) };
    const known = aSummary({ conversationId: 'quiet', messageCount: 1, upTo });
    await own.wiring.deps.keepSummary('due', known);
    expect(await find()).not.toContain('due quiet');

    const late = said('quiet', 100_000);
    await own.wiring.deps.storeMessages([late], AbortSignal.timeout(60_000));
    expect(await find()).toContain('due quiet');

    await own.wiring.deps.keepSummary('due', { ...known, version: 2, messageCount: 2 });
    expect(await find()).not.toContain('due quiet');
  });

  it('is not due for the rest of the night in which it failed, unless more was said', async () => {
    const failed = { companyId: 'due', conversationId: 'old', code: 'SUMMARY_MALFORMED' };
    const { db } = own;
    const names = openNames(db);
    const fail = (messageCount: number, failedAtMs: number) =>
      noteFailure({ db, names }, { ...failed, messageCount }, failedAtMs);
    expect(await find()).toContain('due old');

    await fail(1, NOW_MS - 4 * HOUR_MS);
    expect(await find()).not.toContain('due old');
    const lastNightMs = NOW_MS - DAY_MS;
    await fail(1, lastNightMs + 6 * HOUR_MS);
    expect(await find()).toContain('due old');

    await fail(1, NOW_MS);
    await own.wiring.deps.storeMessages([said('old', 9_998)], AbortSignal.timeout(60_000));
    expect(await find()).toContain('due old');
    await fail(2, NOW_MS);
    expect(await find()).not.toContain('due old');
    await forgetFailure({ db, names }, failed);
    expect(await find()).toContain('due old');
  });
});

describe('the tokens of a day', () => {
  it('are those of one Company, since midnight in UTC', async () => {
    const companyId = 'gastadora';
    const { tokensLeft } = house.wiring.deps;
    const whole = house.config.llm?.tokensPerCompanyDayMax ?? 0;
    await store(aMessage({ companyId }), aMessage({ companyId: 'other' }));
    expect(await tokensLeft(companyId)).toBe(whole);
    expect(await tokensLeft('nobody')).toBe(whole);

    const midnightMs = Math.floor(Date.now() / DAY_MS) * DAY_MS;
    const [yesterday, today] = [instantOf(midnightMs - 1), instantOf(midnightMs)];
    await keep(companyId, { madeAt: yesterday, tokens: { input: 1, output: 2 } });
    await keep(companyId, { version: 2, madeAt: today, tokens: { input: 10, output: 20 } });
    await keep(companyId, { version: 3, madeAt: today, tokens: { input: 100, output: 200 } });
    await keep('other', { madeAt: today, tokens: { input: 1_000, output: 2_000 } });

    expect(await tokensLeft(companyId)).toBe(whole - 330);
    expect(await tokensLeft('other')).toBe(whole - 3_000);
  });
});
