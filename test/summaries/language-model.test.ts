import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { readConfig } from '../../config.ts';
import { Gist } from '../../domain/summary.ts';
import { openSummarizer } from '../../summaries/open-summarizer.ts';
import { SummaryFailed } from '../../domain/spent.ts';
import { aMessage } from '../house.ts';
import { GOOD, KEY, openConfigured, TALK, URLS } from './configured-model.ts';
import { openLanguageModelServer, refuses, type Reply, says } from './llm-stub.ts';

describe('a language model', () => {
  it('gives a Summary whose key points cite Messages, and says what it cost', async () => {
    const { summarize, summarizer, asked } = await openConfigured([says(GOOD)], {
      LLM_PRICE_INPUT: '0.15',
      LLM_PRICE_OUTPUT: '0.6',
    });

    const { gist, tokens, costMicros } = await summarize();

    expect(Gist.parse(gist)).toEqual({
      ...GOOD,
      keyPoints: [
        { text: 'O liquidificador chegou quebrado.', messageIds: ['m-1'] },
        { text: 'O reembolso foi aprovado.', messageIds: ['m-2', 'm-3'] },
      ],
    });
    expect(tokens).toEqual({ input: 1_000, output: 200 });
    expect(costMicros).toBe(1_000 * 0.15 + 200 * 0.6);
    expect(summarizer).toMatchObject({ model: 'small', promptVersion: 1, isRolling: true });
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({
      path: '/v1/chat/completions',
      headers: { authorization: `Bearer ${KEY}` },
      body: { model: 'small', max_tokens: 4_000, response_format: { type: 'json_schema' } },
    });
  });

  it('is asked for nothing where none is configured', () => {
    expect(openSummarizer(readConfig(URLS)).model).toBe('built-in');
  });

  it("takes nothing from the environment of OpenAI's own programs", async () => {
    vi.stubEnv('OPENAI_API_KEY', 'sk-of-somebody-else');
    vi.stubEnv('OPENAI_BASE_URL', 'http://127.0.0.1:9/v1');
    vi.stubEnv('OPENAI_ORG_ID', 'org-of-somebody-else');
    onTestFinished(() => void vi.unstubAllEnvs());
    const { summarize, asked } = await openConfigured([says(GOOD)]);
    await summarize();
    expect(JSON.stringify(asked[0]?.headers)).not.toContain('somebody-else');
  });

  it('sends no key where none is configured', async () => {
    const server = await openLanguageModelServer(says(GOOD));
    const llm = { LLM_BASE_URL: server.baseUrl, LLM_MODEL: 'small' };
    const summarizer = openSummarizer(readConfig({ ...URLS, ...llm }));
    await summarizer.summarize({ messages: TALK, previous: null }, new AbortController().signal);
    expect(server.asked[0]?.headers).not.toHaveProperty('authorization');
  });

  it('goes on from what was said before, and may cite Messages of then', async () => {
    const rolled = {
      ...GOOD,
      keyPoints: [
        { text: 'O liquidificador chegou quebrado.', messages: [1] },
        { text: 'O dinheiro chegou.', messages: [4] },
      ],
      sentiment: { label: 'positive', score: 0.7, course: [0.7] },
    };
    const { summarize, dataOf } = await openConfigured([says(GOOD), says(rolled)]);
    const first = await summarize();
    const later = aMessage({ messageId: 'm-4', content: 'O dinheiro chegou, obrigada!' });

    const second = await summarize([later], first.gist);

    expect(dataOf(0).previous).toBeNull();
    expect(dataOf(1)).toMatchObject({
      previous: { summary: GOOD.summary, keyPoints: GOOD.keyPoints },
      messages: [{ n: 4, role: 'user', text: 'O dinheiro chegou, obrigada!' }],
    });
    expect(second.gist.keyPoints.map(({ messageIds }) => messageIds)).toEqual([['m-1'], ['m-4']]);
    expect(second.gist.sentiment).toEqual({
      label: 'positive',
      score: 0.7,
      course: [-0.8, 0.1, 0.7],
    });
  });

  it('keeps the course of feelings short, however often it goes on', async () => {
    const course = [0.1, 0.2, 0.3, 0.4, 0.5];
    const { summarize } = await openConfigured([
      says({ ...GOOD, sentiment: { label: 'neutral', score: 0, course } }),
    ]);
    let previous: Gist | null = null;
    for (let times = 0; times < 7; times += 1) previous = (await summarize(TALK, previous)).gist;
    expect(previous?.sentiment.course.length).toBeGreaterThan(4);
    Gist.parse(previous);
  });
});

/** A thousand tokens each, about. */
const long = (count: number) =>
  Array.from({ length: count }, (_, at) =>
    aMessage({ messageId: `m-${at + 1}`, content: `${at + 1} ${'onde está? '.repeat(250)}` }),
  );

describe('a long Conversation', () => {
  it('is read in pieces, each with what was said of those before, and all is counted', async () => {
    const { summarize, asked, dataOf } = await openConfigured([says(GOOD)], {
      LLM_PRICE_INPUT: '2',
    });

    const { tokens, costMicros } = await summarize(long(20));

    expect(asked.length).toBeGreaterThan(2);
    const pieces = asked.map((_, nth) => dataOf(nth));
    expect(pieces.map(({ previous }) => previous?.summary)).toEqual([
      undefined,
      ...asked.slice(1).map(() => GOOD.summary),
    ]);
    const read = pieces.flatMap(({ messages }) => messages.map(({ text }) => text.split(' ')[0]));
    expect(read).toEqual(long(20).map((_, at) => String(at + 1)));
    expect(pieces.every(({ omitted }) => omitted === 0)).toBe(true);
    expect(tokens).toEqual({ input: 1_000 * asked.length, output: 200 * asked.length });
    expect(costMicros).toBe(2_000 * asked.length);
  });

  it('is read at its beginning and its end if the tokens do not suffice for all', async () => {
    const usage = { prompt_tokens: 9_000, completion_tokens: 1_000 };
    const { summarize, asked, dataOf } = await openConfigured([says(GOOD, usage)], {
      LLM_TOKENS_PER_JOB_MAX: '30000',
    });

    const { tokens } = await summarize(long(60));

    const pieces = asked.map((_, nth) => dataOf(nth));
    expect(pieces.at(0)?.messages.at(0)?.text).toMatch(/^1 /);
    expect(pieces.at(-1)?.messages.at(-1)?.text).toMatch(/^60 /);
    const read = pieces.reduce((sum, { messages }) => sum + messages.length, 0);
    expect(read).toBeLessThan(30);
    expect(pieces.reduce((sum, { omitted }) => sum + omitted, read)).toBe(60);
    expect(tokens.input + tokens.output).toBeLessThanOrEqual(30_000);
  });

  it.each([
    ['does not', null],
    ['says that there were none', { prompt_tokens: 0, completion_tokens: 0 }],
  ])('counts tokens by itself where the server %s', async (_, usage) => {
    const { summarize } = await openConfigured([says(GOOD, usage)]);
    const { tokens } = await summarize(long(3));
    expect(tokens.input).toBeGreaterThan(2_500);
    expect(tokens.output).toBeGreaterThan(50);
  });
});

const CUT_OFF: Reply = (response) =>
  void response
    .writeHead(200, { 'content-type': 'application/json' })
    .end('{"choices":[{"message":{"content":"{"},"finish_reason":"length"}]}');

describe('an answer that does not fit', () => {
  it.each([
    ['is no JSON', says('Claro! A cliente queria o reembolso.'), 'is no JSON object'],
    ['lacks a field', says({ ...GOOD, summary: undefined }), 'summary: '],
    ['has another type', says({ ...GOOD, tags: 'refund' }), 'tags: '],
    ['says nothing', says({ ...GOOD, summary: ' \u0000 ' }), 'summary: must not be empty'],
    ['names no code', says({ ...GOOD, language: 'Portuguese' }), 'language: must be'],
    ['is cut off', CUT_OFF, 'cut off'],
  ])('and %s is repaired once, told what is wrong', async (_, bad, why) => {
    const { summarize, asked } = await openConfigured([bad, says(GOOD)]);

    const { gist, tokens } = await summarize();

    expect(gist.summary).toBe(GOOD.summary);
    expect(asked).toHaveLength(2);
    const roles = asked[1]?.body.messages.map(({ role }) => role);
    expect(roles).toEqual(['system', 'user', 'assistant', 'user']);
    expect(asked[1]?.body.messages.at(-1)?.content).toContain(why);
    expect(tokens.input).toBeGreaterThan(1_000);
  });

  it('fails for good if it does not fit the second time either, and tells what that cost', async () => {
    const { failure, asked } = await openConfigured(
      [says('meu CPF é 529.982.247-25 {"summary": 7}')],
      {
        LLM_PRICE_INPUT: '1',
      },
    );

    const error = await failure();

    expect(error).toMatchObject({ code: 'SUMMARY_MALFORMED', retry: 'never' });
    expect(error.message).toContain('summary: ');
    expect(error.message).not.toContain('529');
    expect(asked).toHaveLength(2);
    expect(error).toBeInstanceOf(SummaryFailed);
    expect((error as SummaryFailed).spent).toEqual({
      tokens: { input: 2_000, output: 400 },
      costMicros: 2_000,
    });
  });

  it('is not repaired when there are no tokens left for it', async () => {
    const usage = { prompt_tokens: 29_000, completion_tokens: 500 };
    const { failure, asked } = await openConfigured([says('Claro!', usage)], {
      LLM_TOKENS_PER_JOB_MAX: '30000',
    });
    expect((await failure()).code).toBe('SUMMARY_MALFORMED');
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['fenced in', `Here you are:\n\`\`\`json\n${JSON.stringify(GOOD)}\n\`\`\``],
    ['thought aloud', `<think>The customer is angry.</think>\n${JSON.stringify(GOOD)}`],
  ])('only because it is %s is read all the same', async (_, text) => {
    const { summarize, asked } = await openConfigured([says(text)]);
    expect((await summarize()).gist.summary).toBe(GOOD.summary);
    expect(asked).toHaveLength(1);
  });
});

/** A server with demands of its own. */
const takes =
  (isTaken: (body: Parameters<Reply>[1]['body']) => boolean): Reply =>
  (response, asked) =>
    (isTaken(asked.body) ? says(GOOD) : refuses(400))(response, asked);

describe('a server that does not take the request as it is', () => {
  it.each([
    [
      'max_tokens',
      takes((body) => body.max_tokens === undefined),
      { max_completion_tokens: 4_000, response_format: { type: 'json_schema' } },
    ],
    [
      'json_schema',
      takes((body) => body.response_format.type !== 'json_schema'),
      { max_tokens: 4_000, response_format: { type: 'json_object' } },
    ],
  ])('because of %s is asked in another way, from then on', async (_, reply, taken) => {
    const { summarize, asked } = await openConfigured([reply]);

    await summarize();
    const tried = asked.length;
    await summarize();

    expect(asked.at(tried - 1)?.body).toMatchObject(taken);
    expect(asked).toHaveLength(tried + 1);
    expect(asked.at(-1)?.body).toMatchObject(taken);
  });

  it('is told the schema in words where it takes none', async () => {
    const { summarize, asked } = await openConfigured([
      takes((body) => body.response_format.type !== 'json_schema'),
    ]);
    await summarize();
    expect(asked.at(-1)?.body.messages[0]?.content).toContain('"keyPoints":{"type":"array"');
  });

  it('and takes none of them is told as a matter of settings', async () => {
    const { failure } = await openConfigured([refuses(400)]);
    const error = await failure();
    expect(error).toMatchObject({ code: 'SUMMARIZER_REFUSED', retry: 'never' });
    expect(error.message).toContain('LLM_MODEL');
  });
});
