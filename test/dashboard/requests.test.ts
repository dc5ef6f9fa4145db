import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningDashboard, runDashboard } from '../../dashboard/run.ts';
import { aMessage, eventually } from '../house.ts';
import { type Caller, codeOf } from './caller.ts';
import { type HttpHouse, openHttpHouse } from './open-http-house.ts';
import { headOf, openRawConnection } from './raw-connection.ts';

const LIST = '/messages/conversations';

let house: HttpHouse;
/** One more HTTP process, with a log that is read here, and less patience. */
let talkative: RunningDashboard;
let caller: Caller;
let token: string;
const lines: string[] = [];

beforeAll(async () => {
  house = await openHttpHouse();
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  const config = { ...house.config, httpPort: 0 };
  talkative = await runDashboard(config, log, { headersMs: 400, requestMs: 800 });
  token = await house.tokenFor();
  caller = house.callerWith(token, talkative.url);
});
afterAll(async () => {
  await talkative?.stop();
  await house?.close();
});

const linesOf = (requestId: string) =>
  eventually(
    async () =>
      lines
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter((line) => line['requestId'] === requestId),
    (found) => found.length > 0,
  );

describe('a request id', () => {
  it("is the caller's own, in the answer and in the log", async () => {
    const answer = await caller.get(LIST, { 'x-request-id': 'minha-1' });
    expect(answer.headers['x-request-id']).toBe('minha-1');
    expect(await linesOf('minha-1')).toMatchObject([{ method: 'GET', path: LIST, status: 200 }]);
  });

  it.each(['', 'two words', 'x'.repeat(65), '{"a":1}'])('is ours in place of %j', async (bad) => {
    const answer = await caller.get('/nowhere', { 'x-request-id': bad });
    const requestId = String(answer.headers['x-request-id']);
    expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(JSON.parse(answer.text)).toMatchObject({ requestId, code: 'NOT_FOUND' });
    expect(await linesOf(requestId)).toMatchObject([{ status: 404 }]);
  });
});

describe('the log', () => {
  // Red when a line holds a header, a whole URL, or the words of an error.
  it('P7: holds no key, no text and no value of a query, whatever goes wrong', async () => {
    const text = 'segredo-no-texto';
    const value = 'segredo-na-query';
    const wrongKey = house.callerWith(`${token.slice(0, -3)}xyz`, talkative.url);
    const json = { 'content-type': 'application/json' };
    await caller.post(aMessage({ content: text }));
    await caller.post([{ ...aMessage({ content: text }), role: text }, { [text]: 1 }]);
    await caller.ask('/messages', { method: 'POST', headers: json, body: `{"content":"${text}` });
    await caller.ask('/messages', {
      method: 'POST',
      headers: { 'content-type': text },
      body: text,
    });
    await caller.get(`${LIST}?limit=${value}`);
    await caller.get(`${LIST}?companyId=${value}`);
    await caller.get(`/messages?clientId=${value}&before=${value}`);
    await caller.get(`/messages?${value}=%`);
    await wrongKey.get(`${LIST}?before=${value}`);
    await caller.get(LIST, { 'x-request-id': 'the-last' });
    await linesOf('the-last');

    const all = lines.join('');
    expect(lines.length).toBeGreaterThan(10);
    for (const secret of [token, token.slice(17, -3), text, value])
      expect(all).not.toContain(secret);
    expect(all).not.toMatch(/bearer/i);
  });
});

describe('a method', () => {
  it('HEAD is answered as GET, without the body', async () => {
    // Of a Company where nobody speaks between the two, as chatbots of the tests above still do.
    const quiet = house.callerWith(await house.tokenFor(['read'], 'quieta'));
    const [got, head] = [await quiet.get(LIST), await quiet.ask(LIST, { method: 'HEAD' })];
    expect([head.status, head.text]).toEqual([200, '']);
    for (const field of ['etag', 'content-type', 'content-length']) {
      expect(head.headers[field]).toBe(got.headers[field]);
    }
  });

  it.each([
    ['OPTIONS', '/messages', 'POST, GET, HEAD'],
    ['PUT', '/messages', 'POST, GET, HEAD'],
    ['DELETE', LIST, 'GET, HEAD'],
    ['GET', '/messages/cache', 'DELETE'],
  ])('%s %s is not there: 405, and what is', async (method, path, allowed) => {
    const answer = await caller.ask(path, { method });
    expect([answer.status, codeOf(answer)]).toEqual([405, 'METHOD_NOT_ALLOWED']);
    expect(answer.headers['allow']).toBe(allowed);
  });
});

const fieldsOfPost = () => ({
  authorization: `Bearer ${token}`,
  'content-type': 'application/json',
  'content-length': '100',
});

describe('a caller who takes its time', () => {
  const SLOW_MS_MAX = 4_000;

  // Red without `headersTimeout`; without a short `connectionsCheckingInterval` it takes half a minute.
  it.each([
    ['with its headers', () => headOf('GET', LIST).slice(0, -4)],
    ['with its body', () => headOf('POST', '/messages', fieldsOfPost())],
  ])('P8: %s, is not waited for', async (_, beginning) => {
    const connection = await openRawConnection(talkative.url);
    const startedAt = performance.now();
    connection.send(beginning());
    expect((await connection.closed) - startedAt).toBeLessThan(SLOW_MS_MAX);
    expect(connection.received()).toMatch(/^HTTP\/1.1 408 /);
  });

  it('and goes away in the middle of a body, is no fault of ours', async () => {
    const connection = await openRawConnection(talkative.url);
    connection.send(headOf('POST', '/messages', { ...fieldsOfPost(), 'x-request-id': 'gone' }));
    connection.send('[{"clientId":');
    // Until the server has begun to read it.
    await caller.get(LIST);
    connection.close();
    const [line] = await linesOf('gone');
    expect(line).toMatchObject({ status: 499 });
  });
});
