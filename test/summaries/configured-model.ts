import { readConfig } from '../../config.ts';
import { PipelineError } from '../../domain/errors.ts';
import type { Message } from '../../domain/message.ts';
import type { Gist } from '../../domain/summary.ts';
import { openSummarizer } from '../../summaries/open-summarizer.ts';
import { aMessage } from '../house.ts';
import { openLanguageModelServer, type Reply } from './llm-stub.ts';

/** What is needed besides. */
export const URLS = {
  MYSQL_URL: 'mysql://camadas:secret@127.0.0.1:3306/camadas',
  QUEUE_REDIS_URL: 'redis://127.0.0.1:6379',
  CACHE_REDIS_URL: 'redis://127.0.0.1:6380',
};
export const KEY = 'sk-4711-nobody-may-read-this';

/** What a good model answers to `TALK`. */
export const GOOD = {
  language: 'pt',
  summary: 'A cliente pediu o reembolso de um liquidificador quebrado, e ele foi aprovado.',
  keyPoints: [
    { text: 'O liquidificador chegou quebrado.', messages: [1] },
    { text: 'O reembolso foi aprovado.', messages: [2, 3] },
  ],
  sentiment: { label: 'negative', score: -0.4, course: [-0.8, 0.1] },
  tags: ['refund', 'broken item'],
};
export const TALK = [
  'Meu liquidificador chegou quebrado',
  'Sinto muito! O reembolso foi aprovado.',
  'Ok, obrigada',
].map((content, at) => aMessage({ messageId: `m-${at + 1}`, content }));

/** A Summarizer configured as an operator would, with a server that gives these replies. */
export async function openConfigured(
  replies: [Reply, ...Reply[]],
  env: Record<string, string> = {},
) {
  const server = await openLanguageModelServer(...replies);
  const llm = { LLM_BASE_URL: server.baseUrl, LLM_MODEL: 'small', LLM_API_KEY: KEY };
  const summarizer = openSummarizer(readConfig({ ...URLS, ...llm, ...env }));
  const { signal } = new AbortController();
  return {
    ...server,
    summarizer,
    summarize: (messages: readonly Message[] = TALK, previous: Gist | null = null) =>
      summarizer.summarize({ messages, previous }, signal),
    /** @throws Error If it does not fail. */
    async failure(messages: readonly Message[] = TALK): Promise<PipelineError> {
      try {
        await summarizer.summarize({ messages, previous: null }, signal);
      } catch (error) {
        if (error instanceof PipelineError) return error;
        throw error;
      }
      throw new Error('it did not fail');
    },
  };
}
