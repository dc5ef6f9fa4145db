import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../domain/message.ts';
import { Gist } from '../../domain/summary.ts';
import { rankSentences } from '../../summaries/built-in/rank-sentences.ts';
import { labelOf, scoreOf } from '../../summaries/built-in/sentiment.ts';
import { builtInSummarizer } from '../../summaries/built-in/summarize.ts';
import { aMessage } from '../house.ts';

const signal = new AbortController().signal;

/** `user: …` and so on, line by line. */
function conversation(...lines: string[]): Message[] {
  return lines.map((line, nth) => {
    const [role = '', ...said] = line.split(': ');
    return aMessage({
      messageId: `m-${nth}`,
      role: role as Message['role'],
      content: said.join(': '),
    });
  });
}
async function gistOf(messages: readonly Message[]): Promise<Gist> {
  return (await builtInSummarizer.summarize({ messages, previous: null }, signal)).gist;
}
const summarize = (...lines: string[]) => gistOf(conversation(...lines));

const BROKEN = [
  'user: Oi',
  'bot: Olá! Como posso ajudar?',
  'user: Meu liquidificador chegou quebrado e ninguém responde meus e-mails',
  'agent: Sinto muito! Pode me mandar o número do pedido?',
  'user: É o 4521. Quero o dinheiro de volta',
  'agent: O reembolso do pedido 4521 foi aprovado e cai na conta em cinco dias úteis.',
  'user: Ok',
];

describe('the built-in summarizer', () => {
  it('says in Portuguese what was wanted and what became of it, and who said so', async () => {
    const { summary, language } = await summarize(...BROKEN);
    expect(language).toBe('pt');
    expect(summary).toContain('Cliente: Meu liquidificador chegou quebrado');
    expect(summary).toContain('Atendente: ');
    expect(summary).toContain('O reembolso do pedido 4521 foi aprovado');
    expect(summary).not.toContain('Oi');
  });

  it('goes by the language of the customer, whatever the bot greets in', async () => {
    const { language, summary } = await summarize(
      'bot: Hello and welcome! This is the support of the shop. What can we do for you? Have a seat.',
      'user: Meu liquidificador chegou quebrado ontem',
      'user: Quero o dinheiro de volta',
    );
    expect(language).toBe('pt');
    expect(summary).toContain('Cliente: ');
    const brief = await summarize(
      'user: ok',
      'bot: What is the number of your order, and the date?',
    );
    expect(brief.language).toBe('en');
  });

  it('cites for each key point the Message it rests on', async () => {
    const messages = conversation(...BROKEN);
    const { keyPoints } = await gistOf(messages);
    expect(keyPoints.length).toBeGreaterThan(1);
    for (const { text, messageIds } of keyPoints) {
      const cited = messages.filter(({ messageId }) => messageIds.includes(messageId));
      expect(cited.map(({ content }) => content).join(' ')).toContain(text.replace(/\.$/, ''));
    }
  });

  it('finds the topics, and how the customer felt, not how the agent did', async () => {
    const { tags, sentiment } = await summarize(...BROKEN);
    expect(tags).toEqual(expect.arrayContaining(['refund', 'order']));
    expect(sentiment.label).toBe('negative');
    const polite = await summarize(
      'user: the delivery is late again, this is terrible',
      'agent: Thank you so much, you are wonderful, have a great day!',
    );
    expect(polite.sentiment.label).toBe('negative');
  });

  it('tells the course: angry at first, content at the end', async () => {
    const { sentiment } = await summarize(
      'user: your app is awful, it crashed and I lost everything',
      'agent: Let me restore it.',
      'user: great, it works now, thank you so much!',
    );
    expect(sentiment.course.at(0)).toBeLessThan(0);
    expect(sentiment.course.at(-1)).toBeGreaterThan(0);
    expect(sentiment.label).toBe('positive');
  });

  it('makes no tag of what is said again and again and is no word', async () => {
    const long = 'otorrinolaringologicamentes';
    const said = [
      'a nota 529.982.247-25',
      `o código ${'e'.repeat(31)}`,
      'o hash deadbeefcafe4f',
      `${long} ${long} ${long}`,
      'liquidificador vermelho',
    ];
    const { tags } = await summarize(...[...said, ...said].map((text) => `user: ${text}`));
    expect(tags.toSorted()).toEqual(['código', 'hash', 'liquidificador vermelho', 'nota']);
  });

  it('gives a valid Summary of whatever is said', async () => {
    const turn = fc.record({
      role: fc.constantFrom('user', 'bot', 'agent', 'system'),
      content: fc.oneof(fc.string({ unit: 'binary' }), fc.lorem(), fc.string({ maxLength: 3 })),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(turn, { minLength: 1, maxLength: 30 }), async (turns) => {
        const messages = turns.map((one, nth) =>
          aMessage({ ...(one as Partial<Message>), messageId: `m-${nth}` }),
        );
        Gist.parse(await gistOf(messages));
      }),
      { numRuns: 300 },
    );
  });
});

/** Of work, not of waiting for a machine that does other things as well. */
async function millisecondsOf(work: () => unknown): Promise<number> {
  const before = process.threadCpuUsage();
  await work();
  return process.threadCpuUsage(before).user / 1_000;
}
const millisecondsFor = (messages: readonly Message[]) =>
  millisecondsOf(async () => Gist.parse(await gistOf(messages)));
const times = (count: number, content: string) =>
  Array.from({ length: count }, (_, nth) => aMessage({ messageId: `m-${nth}`, content }));

describe('P8: whatever somebody writes', () => {
  const LETTERS = 64 * 1024;

  it.each([
    ['newlines', '\n'],
    ['blanks', ' '],
    ['lines of blanks', '    \n'],
    ['addresses', 'a@'],
    ['lines of addresses', `${'A@'.repeat(190)}\n`],
    ['exclamation marks', '!'],
    ['one word', 'a'],
    ['one word in capitals', 'Á'],
    ['accents', '\u0301\u0323'],
    ['talk', 'Oi, meu pedido ainda não chegou. '],
  ])('it is summarized in a second: %s', async (_, some) => {
    const content = some.repeat(LETTERS / some.length);
    expect(await millisecondsFor(times(1, content))).toBeLessThan(1_000);
    expect(await millisecondsFor(times(1_000, content))).toBeLessThan(1_000);
  });

  it('and so are forty thousand sentences', async () => {
    const messages = times(2_000, 'Quero cancelar o pedido. '.repeat(20));
    expect(await millisecondsFor(messages)).toBeLessThan(1_000);
  });

  it('and chosen from, where few of them have room in the summary', async () => {
    const [turn] = times(1, '') as [Message];
    const sentences = Array.from({ length: 40_000 }, (_, at) => {
      return { text: `${at}`, turn, at, words: 20, stems: ['pedid', `${at}`] };
    });
    const takenMs = await millisecondsOf(() => expect(rankSentences(sentences)).toHaveLength(4));
    expect(takenMs).toBeLessThan(1_000);
  });

  it('is read from both ends, and of a document the beginning', async () => {
    const filler = 'aha '.repeat(1_000);
    const said = times(100, filler);
    const saying = (nth: number, content: string) =>
      (said[nth] = aMessage({ messageId: `m-${nth}`, content }));
    saying(0, 'esqueci a senha');
    saying(1, `${filler} boleto`);
    saying(50, 'quero cancelar');
    saying(99, 'e o frete?');
    const { tags } = await gistOf(said);
    expect(tags).toEqual(expect.arrayContaining(['account', 'delivery']));
    expect(tags).not.toContain('payment');
    expect(tags).not.toContain('cancellation');
  });
});

describe('sentiment', () => {
  it.each([
    ['pt', 'o produto chegou quebrado e ninguém responde', 'negative'],
    ['pt', 'quero cancelar', 'negative'],
    ['pt', 'fui cobrado duas vezes, um absurdo', 'negative'],
    ['pt', 'não gostei', 'negative'],
    ['pt', 'nunca tive problema com vocês', 'positive'],
    ['pt', 'PERFEITO, muito obrigada!!! ❤️', 'positive'],
    ['pt', 'qual o horário de funcionamento?', 'neutral'],
    ['pt', 'não, obrigado', 'neutral'],
    ['en', 'not good at all', 'negative'],
    ['en', 'the screen is nice but the support is terrible', 'negative'],
    ['en', 'thanks, works great now 😊', 'positive'],
    ['en', 'what time do you open?', 'neutral'],
    ['en', 'no thanks', 'neutral'],
  ] as const)('in %s: "%s" is %s', (language, text, label) => {
    expect(labelOf(scoreOf(text, language))).toBe(label);
  });

  it('is stronger with an intensifier, and weaker with the opposite of one', () => {
    const [plain, strong, weak] = ['bad', 'very bad', 'slightly bad'].map((text) =>
      scoreOf(text, 'en'),
    );
    expect(strong).toBeLessThan(plain ?? 0);
    expect(weak).toBeGreaterThan(plain ?? 0);
  });
});
