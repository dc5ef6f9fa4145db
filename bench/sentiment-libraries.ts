import { createRequire } from 'node:module';
import type { Sentiment } from '../domain/summary.ts';

/** What npm has: the best found for each language. Neither has types. */
const require = createRequire(import.meta.url);

type Judge = (text: string) => Sentiment['label'] | Promise<Sentiment['label']>;

/** VADER, at the thresholds its authors give. */
export async function openEnglishLibrary(): Promise<Judge> {
  const { SentimentIntensityAnalyzer: vader } = require('vader-sentiment') as {
    SentimentIntensityAnalyzer: { polarity_scores(text: string): { compound: number } };
  };
  return (text) => {
    const { compound } = vader.polarity_scores(text);
    if (compound >= 0.05) return 'positive';
    return compound <= -0.05 ? 'negative' : 'neutral';
  };
}

interface Nlp {
  readonly containerBootstrap: () => Promise<{ use(plugin: unknown): void }>;
  readonly SentimentAnalyzer: new (given: { container: unknown }) => {
    process(given: object): Promise<{ sentiment: { vote: Sentiment['label'] } }>;
  };
  readonly LangPt: unknown;
}

/** AFINN in Portuguese, of nlp.js. */
export async function openPortugueseLibrary(): Promise<Judge> {
  const nlp = ['@nlpjs/core', '@nlpjs/sentiment', '@nlpjs/lang-pt'].map(
    (name) => require(name) as Partial<Nlp>,
  );
  const { containerBootstrap, SentimentAnalyzer, LangPt } = Object.assign({}, ...nlp) as Nlp;
  const container = await containerBootstrap();
  container.use(LangPt);
  const analyzer = new SentimentAnalyzer({ container });
  return async (text) => (await analyzer.process({ locale: 'pt', text })).sentiment.vote;
}
