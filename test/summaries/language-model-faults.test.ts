import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { SummaryFailed } from '../../domain/spent.ts';
import { findFreePort } from '../../bin/dev/free-port.ts';
import { aMessage } from '../house.ts';
import { GOOD, KEY, openConfigured, TALK } from './configured-model.ts';
import { refuses, type Reply, says } from './llm-stub.ts';

const NEVER: Reply = () => {};
const HANGS: Reply = (response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write('{"choices":'); // And no more.
};
const BREAKS: Reply = (response) => void response.destroy();
const sends =
  (type: string, text: string): Reply =>
  (response) =>
    void response.writeHead(200, { 'content-type': type }).end(text);
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000).toUTCString();

describe('a server that is busy', () => {
  it.each([
    ['429 and seconds', refuses(429, { headers: { 'retry-after': '7' } }), 7_000],
    ['429 alone', refuses(429), 10_000],
    ['429 and no time at all', refuses(429, { headers: { 'retry-after': '0' } }), 1_000],
    ['429 and a whole day', refuses(429, { headers: { 'retry-after': '86400' } }), 600_000],
    ['429 and words', refuses(429, { headers: { 'retry-after': 'later' } }), 10_000],
    ['503 and seconds', refuses(503, { headers: { 'retry-after': '20' } }), 20_000],
    ['429 for want of money', refuses(429, { error: { code: 'insufficient_quota' } }), 600_000],
  ])('slows the queue: %s', async (_, reply, queueAfterMs) => {
    const { failure, asked } = await openConfigured([reply]);
    expect(await failure()).toMatchObject({ code: 'SUMMARIZER_BUSY', retry: { queueAfterMs } });
    expect(asked).toHaveLength(1);
  });

  it('slows the queue until the date it names', async () => {
    const { failure } = await openConfigured([
      refuses(429, { headers: { 'retry-after': inSeconds(30) } }),
    ]);
    const { retry } = await failure();
    const { queueAfterMs } = retry as { queueAfterMs: number };
    expect(queueAfterMs).toBeGreaterThan(25_000);
    expect(queueAfterMs).toBeLessThanOrEqual(30_000);
  });

  it('in the middle of a long Conversation is told with what was spent until then', async () => {
    const { failure } = await openConfigured([says(GOOD), refuses(429)]);
    const messages = Array.from({ length: 20 }, () => aMessage({ content: 'oi? '.repeat(1_000) }));
    expect(await failure(messages)).toMatchObject({
      code: 'SUMMARIZER_BUSY',
      retry: { queueAfterMs: 10_000 },
      spent: { tokens: { input: 1_000, output: 200 } },
    });
  });
});

describe('a server that fails', () => {
  it.each([
    ['500', refuses(500), 'SUMMARIZER_UNREACHABLE', 'HTTP 500'],
    ['503 without a time', refuses(503), 'SUMMARIZER_UNREACHABLE', 'HTTP 503'],
    ['a broken connection', BREAKS, 'SUMMARIZER_UNREACHABLE', 'does not answer'],
    ['a page', sends('text/html', '<h1>Hi</h1>'), 'SUMMARIZER_UNREACHABLE', 'LLM_BASE_URL'],
    ['half a body', sends('application/json', '{"choi'), 'SUMMARIZER_UNREACHABLE', 'LLM_BASE_URL'],
    ['no choices', sends('application/json', '{}'), 'SUMMARIZER_UNREACHABLE', 'LLM_BASE_URL'],
    [
      'an answer without end',
      sends('application/json', ' '.repeat(2 * 1024 * 1024)),
      'SUMMARIZER_UNREACHABLE',
      'more than 1048576 bytes',
    ],
    ['no answer', NEVER, 'SUMMARIZER_TIMED_OUT', 'LLM_TIMEOUT_SECONDS'],
    ['half an answer', HANGS, 'SUMMARIZER_TIMED_OUT', 'within 1 s'],
  ])('is tried again later: %s', async (_, reply, code, words) => {
    const { failure, asked } = await openConfigured([reply], { LLM_TIMEOUT_SECONDS: '1' });
    const error = await failure();
    expect(error).toMatchObject({ code, retry: 'backoff' });
    expect(error.message).toContain(words);
    expect(asked).toHaveLength(1); // The library tries nothing again by itself.
  });

  it('is paid for what it was given to read, though no answer came in time', async () => {
    const { failure } = await openConfigured([NEVER], {
      LLM_TIMEOUT_SECONDS: '1',
      LLM_PRICE_INPUT: '1',
    });
    const error = await failure();
    expect(error).toBeInstanceOf(SummaryFailed);
    const { tokens, costMicros } = (error as SummaryFailed).spent;
    expect(tokens.input).toBeGreaterThan(500);
    expect(tokens.output).toBe(0);
    expect(costMicros).toBe(tokens.input);
  });

  it('is tried again later: nobody listens', async () => {
    const LLM_BASE_URL = `http://127.0.0.1:${await findFreePort()}/v1`;
    const { failure } = await openConfigured([NEVER], { LLM_BASE_URL });
    const error = await failure();
    expect(error).toMatchObject({ code: 'SUMMARIZER_UNREACHABLE', retry: 'backoff' });
    expect(error.message).toContain('ECONNREFUSED');
  });

  it.each([
    [401, 'LLM_API_KEY'],
    [403, 'LLM_API_KEY'],
    [404, 'LLM_BASE_URL'],
    [404, 'LLM_MODEL'],
    [413, 'context'],
    [302, 'LLM_MODEL'],
  ])('is not tried again after HTTP %i, which %s mends', async (status, setting) => {
    const elsewhere = { headers: { location: 'http://127.0.0.1:1/v1/chat/completions' } };
    const { failure, asked } = await openConfigured([refuses(status, elsewhere)]);
    const error = await failure();
    expect(error).toMatchObject({ code: 'SUMMARIZER_REFUSED', retry: 'never' });
    expect(error.message).toContain(setting);
    expect(asked).toHaveLength(1);
  });
});

it('tells neither the key nor the Messages, whatever the server quotes', async () => {
  for (const status of [400, 401, 404, 429, 500]) {
    const { failure } = await openConfigured([refuses(status)]);
    const told = inspect(await failure(), { depth: 10, showHidden: true });
    expect(told).not.toContain(KEY);
    expect(told).not.toContain('liquidificador');
  }
});

it('stops at once when the job is aborted, and counts that as a failed attempt', async () => {
  const { summarizer, asked } = await openConfigured([NEVER]);
  const controller = new AbortController();
  const summary = summarizer.summarize({ messages: TALK, previous: null }, controller.signal);
  const failed = expect(summary).rejects.toMatchObject({
    code: 'SUMMARIZER_GIVEN_UP',
    retry: 'backoff',
    spent: { tokens: { input: expect.any(Number) as number, output: 0 } },
  });
  await expect.poll(() => asked.length).toBe(1);

  controller.abort();

  const before = performance.now();
  await failed;
  expect(performance.now() - before).toBeLessThan(1_000);
});
