import { builtInSummarizer } from './built-in/summarize.ts';
import { type LanguageModel, openLanguageModel } from './language-model/summarize.ts';
import type { Summarizer } from './summarizer.ts';

/** The Summarizer that is configured: a language model, or else what is built in. */
export function openSummarizer({ llm }: { llm: LanguageModel | null }): Summarizer {
  return llm === null ? builtInSummarizer : openLanguageModel(llm);
}
