import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Message } from '../../domain/message.ts';
import { aMessage, eventually } from '../house.ts';
import { GOOD } from '../summaries/configured-model.ts';
import { openLanguageModelServer, says } from '../summaries/llm-stub.ts';
import { type Answer, codeOf, said } from './caller.ts';
import { COMPANY, type HttpHouse, openHttpHouse } from './open-http-house.ts';

const DAY_MS = 24 * 60 * 60_000;
const FAILED_SECONDS = 18 * 3_600;

let house: HttpHouse;
beforeAll(async () => void (house = await openHttpHouse()));
afterAll(() => house?.close());

const pathOf = (conversationId: string) => `/messages/conversations/${conversationId}/summary`;
const get = (path: string) => house.caller.get(path);
const post = (path: string) => house.caller.ask(path, { method: 'POST' });
const store = (...messages: Message[]) =>
  house.wiring.deps.storeMessages(messages, AbortSignal.timeout(20_000));
const saying = (conversationId: string, content: string, clock: string) =>
  aMessage({
    companyId: COMPANY,
    conversationId,
    content,
    createdAt: `2026-03-01T${clock}:00.000Z`,
  });

/** Asks again, as one is told to, until the version is there. */
const untilVersion = (path: string, version: number): Promise<Answer> =>
  eventually(
    () => get(path),
    (answer) => answer.status === 200 && said(answer)['version'] === version,
  );

describe('the summary of a conversation', () => {
  it('is made when it is asked for first: 202 and when to come again, then 200', async () => {
    const path = pathOf('pedido-1');
    const message = saying('pedido-1', 'Meu pedido 4521 chegou quebrado!', '12:00');
    await store(message);

    const first = await get(path);
    expect(first.status).toBe(202);
    expect(said(first)).toEqual({ status: 'queued' });
    expect(Number(first.headers['retry-after'])).toBeGreaterThan(0);
    expect(first.headers).not.toHaveProperty('etag');

    const answer = await untilVersion(path, 1);
    expect(said(answer)).toMatchObject({
      conversationId: 'pedido-1',
      isStale: false,
      messageCount: 1,
      durationMinutes: 0,
      upTo: { messageId: message.messageId, createdAt: message.createdAt },
      sentiment: { label: 'negative' },
      keyPoints: [{ messageIds: [message.messageId] }],
      model: 'built-in',
      language: 'pt',
    });
    expect(said(answer)['summary']).toContain('4521');
    const again = await house.caller.get(path, { 'if-none-match': answer.headers['etag'] });
    expect(again.status).toBe(304);
  });

  it('says that it is stale when more was said; a new version leaves the old one', async () => {
    const path = pathOf('pedido-2');
    await store(saying('pedido-2', 'Cadê o pedido?', '12:00'));
    await get(path);
    const first = said(await untilVersion(path, 1));
    await store(saying('pedido-2', 'Chegou, obrigada!', '12:30'));
    expect(said(await get(path))).toEqual({ ...first, isStale: true });

    const asked = await post(path);
    expect([asked.status, said(asked)]).toEqual([202, { status: 'queued' }]);
    expect(Number(asked.headers['retry-after'])).toBeGreaterThan(0);

    const second = said(await untilVersion(path, 2));
    expect(second).toMatchObject({ isStale: false, messageCount: 2, durationMinutes: 30 });
    expect(said(await get(`${path}?version=1`))).toEqual({ ...first, isStale: true });
    expect(said(await get(`${path}/versions`))).toMatchObject({
      conversationId: 'pedido-2',
      versions: [
        { version: 2, messageCount: 2, model: 'built-in' },
        { version: 1, messageCount: 1, madeAt: first['madeAt'] },
      ],
    });
  });

  it('is made anew though nothing was said since, once for all who ask meanwhile', async () => {
    const path = pathOf('pedido-3');
    await store(saying('pedido-3', 'Oi', '12:00'));
    await post(path);
    await untilVersion(path, 1);

    // All of them look at version 1, so that they want the same.
    const wanted = { companyId: COMPANY, conversationId: 'pedido-3', replaces: 1 };
    await Promise.all(Array.from({ length: 5 }, () => house.wiring.askForSummary(wanted)));
    await untilVersion(path, 2);
    const { inspector } = house.wiring.queue;
    await eventually(
      () => inspector.counts('summarize'),
      ({ waiting, active }) => waiting + active === 0,
    );
    expect(said(await get(`${path}/versions`))['versions']).toHaveLength(2);
  });

  it('may be asked for by a query that names the company, as all others', async () => {
    await store(saying('pedido-4', 'Oi', '12:00'));
    const own = `${pathOf('pedido-4')}?companyId=${COMPANY}`;
    expect((await get(own)).status).toBe(202);
    await untilVersion(own, 1);
    expect((await get(`${pathOf('pedido-4')}?companyId=other`)).status).toBe(404);
  });

  it.each([
    ['GET', pathOf('nothing')],
    ['POST', pathOf('nothing')],
    ['GET', `${pathOf('nothing')}/versions`],
    ['GET', `${pathOf('pedido-1')}?version=9`],
  ])('is not found where there is none: %s %s', async (method, path) => {
    const answer = await house.caller.ask(path, { method });
    expect([answer.status, codeOf(answer)]).toEqual([404, 'NOT_FOUND']);
  });

  it.each(['0', '1.5', 'last', '-1'])('takes no version %s', async (version) => {
    const answer = await get(`${pathOf('pedido-1')}?version=${version}`);
    expect([answer.status, said(answer)['field']]).toEqual([400, 'version']);
  });
});

const FITTING = { ...GOOD, keyPoints: [{ text: 'Ela disse oi.', messages: [1] }] };
const tokens = (usage: number) => ({ prompt_tokens: usage, completion_tokens: 0 });
const modelAt = (baseUrl: string) => ({
  LLM_BASE_URL: baseUrl,
  LLM_MODEL: 'small',
  LLM_TOKENS_PER_JOB_MAX: '30000',
  LLM_TOKENS_PER_COMPANY_DAY_MAX: '30000',
});
const tell = (own: HttpHouse, ...ids: string[]) =>
  own.wiring.deps.storeMessages(
    ids.map((id) => saying(id, 'Oi', '12:00')),
    AbortSignal.timeout(20_000),
  );
const refusedWith = (code: string) => (answer: Answer) =>
  answer.status === 503 && codeOf(answer) === code;
const retryAfter = (answer: Answer) => Number(answer.headers['retry-after']);

describe('a summary that a language model fails to make', () => {
  it('is paid for once, however often one asks, until somebody wants another attempt', async () => {
    const bad = says('no JSON, though it says liquidificador', tokens(10));
    const { baseUrl, asked } = await openLanguageModelServer(bad, bad, says(FITTING, tokens(10)));
    const own = await openHttpHouse({}, modelAt(baseUrl));
    onTestFinished(own.close);
    const path = pathOf('a');
    await tell(own, 'a');
    const ask = () => own.caller.get(path);
    expect((await ask()).status).toBe(202);

    const { inspector } = own.wiring.queue;
    await eventually(
      () => inspector.counts('summarize'),
      ({ dead }) => dead === 1,
    );
    const refusal = await ask();
    expect(refusedWith('SUMMARY_FAILED')(refusal)).toBe(true);
    expect(said(refusal)['detail']).toContain('SUMMARY_MALFORMED');
    expect(JSON.stringify(said(refusal))).not.toContain('liquidificador');
    expect(retryAfter(refusal)).toBeGreaterThan(FAILED_SECONDS - 60);
    expect(retryAfter(refusal)).toBeLessThanOrEqual(FAILED_SECONDS);
    for (let again = 0; again < 3; again++) expect((await ask()).status).toBe(503);
    expect(await inspector.counts('summarize')).toMatchObject({ waiting: 0, active: 0, dead: 1 });
    expect(asked).toHaveLength(2); // The answer, and its repair.

    expect((await own.caller.ask(path, { method: 'POST' })).status).toBe(202);
    const made = await eventually(ask, ({ status }) => status !== 202);
    expect([made.status, said(made)['version']]).toEqual([200, 1]);
    expect(asked).toHaveLength(3);
  });

  it('says when the company may spend tokens again, and asks no model until then', async () => {
    const greedy = says(FITTING, tokens(30_000));
    const { baseUrl, asked } = await openLanguageModelServer(greedy);
    const own = await openHttpHouse({}, modelAt(baseUrl));
    onTestFinished(own.close);
    await tell(own, 'a', 'b');
    const made = await eventually(
      () => own.caller.get(pathOf('a')),
      ({ status }) => status !== 202,
    );
    expect(made.status).toBe(200);

    for (const [method, id] of [
      ['GET', 'b'],
      ['POST', 'b'],
      ['POST', 'a'],
    ] as const) {
      const answer = await own.caller.ask(pathOf(id), { method });
      expect(refusedWith('SUMMARY_BUDGET_SPENT')(answer)).toBe(true);
      const untilTomorrow = (DAY_MS - (Date.now() % DAY_MS)) / 1_000;
      expect(Math.abs(retryAfter(answer) - untilTomorrow)).toBeLessThan(60);
    }
    expect((await own.caller.get(pathOf('a'))).status).toBe(200);
    expect(asked).toHaveLength(1);
  });
});
