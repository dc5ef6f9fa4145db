import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Message } from '../domain/message.ts';
import { SENTIMENTS, type Sentiment } from '../domain/summary.ts';
import { SUMMARY_WORDS_MAX } from '../summaries/built-in/rank-sentences.ts';
import { labelOf, scoreOf } from '../summaries/built-in/sentiment.ts';
import { type Sentence, sentencesOf } from '../summaries/built-in/sentences.ts';
import { builtInSummarizer } from '../summaries/built-in/summarize.ts';
import { figureOf, report } from './figures.ts';
import { macroF1 } from './macro-f1.ts';
import { openEnglishLibrary, openPortugueseLibrary } from './sentiment-libraries.ts';
import { meanRouge } from './rouge.ts';
import { type BenchFlags, readFlags, say } from './rounds.ts';
import { textRank } from './text-rank.ts';

/** How good are the built-in Summaries, beside what is usual? */

const HELP = `./scripts.sh bench summary SUMMARIES SENTIMENT [DIALOGUES…] [--json]

Measures what the built-in summarizer gives, beside baselines on the same texts:
  rouge      F1 with summaries that people wrote, beside the first three sentences (Lead-3), and TextRank
             with as many words
  sentiment  macro-F1 of negative, neutral and positive: in English beside VADER, in Portuguese on the 308
             sentences of bench/sentiment-pt.txt beside AFINN of @nlpjs/lang-pt
  speed      conversations a second, on one core

  SUMMARIES     JSON Lines, also .gz: {"turns":[{"role","text"}],"references":["…"]}
  SENTIMENT     JSON Lines, also .gz: {"turns":[{"text","label"}]}
  DIALOGUES…    the same as for others; their turns are summarized for the speed
  --json        the figures as one JSON object on the last line`;

interface Line {
  readonly turns: readonly { role: string; text: string; label?: Sentiment['label'] }[];
  readonly references?: readonly string[];
}

const LEAD_SENTENCES = 3;

const flags = readFlags(HELP, { rounds: 1, seconds: 1 });
if (flags) await main(flags);

async function main({ files: [summaries, sentiment, ...dialogues], isJson }: BenchFlags) {
  if (summaries === undefined || sentiment === undefined) throw new Error(HELP);
  const labelled = readLines(sentiment).flatMap(({ turns }) => turns);
  const portuguese = readPortuguese();
  say(`${labelled.length} labelled texts in English, ${portuguese.length} in Portuguese`);
  const english = await openEnglishLibrary();
  const afinn = await openPortugueseLibrary();
  const speed = await measureSpeed([summaries, ...dialogues].flatMap(readLines));
  await report({
    bench: 'summary',
    figures: {
      ...(await rougeFigures(readLines(summaries))),
      sentiment_en_f1: ratio(await macroF1(labelled, (text) => labelOf(scoreOf(text, 'en')))),
      sentiment_en_best_library_f1: ratio(await macroF1(labelled, english)),
      sentiment_pt_f1: ratio(await macroF1(portuguese, (text) => labelOf(scoreOf(text, 'pt')))),
      sentiment_pt_best_library_f1: ratio(await macroF1(portuguese, afinn)),
      conversations_per_s: figureOf([speed], 'conversations/s', { atLeast: 500 }),
    },
    conditions: { labels: SENTIMENTS, summaryWordsMax: SUMMARY_WORDS_MAX },
    isJson,
  });
}

async function rougeFigures(lines: readonly Line[]) {
  const texts = lines.map((line) => ({
    sentences: sentencesOf(toMessages(line), 'en'),
    references: line.references ?? [],
  }));
  const of = (choose: (sentences: readonly Sentence[]) => readonly Sentence[]) =>
    meanRouge(
      texts.map(({ sentences, references }) => {
        return {
          text: choose(sentences)
            .map(({ text }) => text)
            .join(' '),
          references,
        };
      }),
    );
  const [lead3, ranked] = [of(leading), of(rankedByText)];
  const ours = meanRouge(await Promise.all(lines.map(scored)));
  return {
    rouge1: ratio(ours.rouge1),
    rouge2: ratio(ours.rouge2),
    rougeL: ratio(ours.rougeL),
    lead3_rouge1: ratio(lead3.rouge1),
    lead3_rouge2: ratio(lead3.rouge2),
    lead3_rougeL: ratio(lead3.rougeL),
    textrank_rouge1: ratio(ranked.rouge1),
    textrank_rouge2: ratio(ranked.rouge2),
    textrank_rougeL: ratio(ranked.rougeL),
  };
}

/** The Summary as it is kept, with the names of who speaks. */
async function scored(line: Line) {
  const work = { messages: toMessages(line), previous: null };
  const { gist } = await builtInSummarizer.summarize(work, new AbortController().signal);
  return { text: gist.summary, references: line.references ?? [] };
}

function leading(sentences: readonly Sentence[]): readonly Sentence[] {
  return sentences.slice(0, LEAD_SENTENCES);
}

/** The best by TextRank, as long as ours may be. */
function rankedByText(sentences: readonly Sentence[]): readonly Sentence[] {
  const chosen: Sentence[] = [];
  let words = 0;
  for (const sentence of textRank(sentences)) {
    if (words + sentence.words > SUMMARY_WORDS_MAX && chosen.length > 0) break;
    chosen.push(sentence);
    words += sentence.words;
  }
  return chosen.toSorted((a, b) => a.at - b.at);
}

async function measureSpeed(lines: readonly Line[]): Promise<number> {
  const conversations = lines.slice(0, 5_000).map(toMessages);
  const { signal } = new AbortController();
  const summarize = (messages: readonly Message[]) =>
    builtInSummarizer.summarize({ messages, previous: null }, signal);
  for (const messages of conversations.slice(0, 200)) await summarize(messages); // The code has run.
  const startedAt = performance.now();
  for (const messages of conversations) await summarize(messages);
  return (conversations.length / (performance.now() - startedAt)) * 1_000;
}

function toMessages({ turns }: Line): Message[] {
  return turns.map(({ role, text }, nth) => ({
    companyId: 'bench',
    clientId: 'bench',
    conversationId: 'bench',
    messageId: String(nth),
    role: role === 'bot' || role === 'agent' ? role : 'user',
    content: text,
    createdAt: '2026-01-01T00:00:00.000Z',
  }));
}

function readLines(file: string): Line[] {
  const bytes = readFileSync(file);
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
}

/** Sentences below the word that says how they are. */
function readPortuguese(): { text: string; label: Sentiment['label'] }[] {
  let label: Sentiment['label'] = 'neutral';
  const found: { text: string; label: Sentiment['label'] }[] = [];
  const lines = readFileSync(join(import.meta.dirname, 'sentiment-pt.txt'), 'utf8').split('\n');
  for (const line of lines.filter(Boolean)) {
    const heading = SENTIMENTS.find((one) => one === line);
    if (heading) label = heading;
    else found.push({ text: line, label });
  }
  return found;
}

function ratio(value: number) {
  return figureOf([value], 'ratio');
}
