import type { Message } from '../domain/message.ts';
import type { Spent } from '../domain/spent.ts';
import type { Gist } from '../domain/summary.ts';

/** Says what a Conversation was about. Which one does is a matter of configuration. */
export interface Summarizer {
  /** Told with each Summary, so that one knows later who wrote it. */
  readonly model: string;
  readonly promptVersion: number;
  /**
   * Whether it goes on from what it said before, given only the Messages that came since. One that
   * does not is always given all of them.
   */
  readonly isRolling: boolean;
  /**
   * @throws PipelineError What it says about retrying counts for the job; `SUMMARIZER_BUSY` slows the
   *                       whole queue. Where something was spent by then, it is a `SummaryFailed`.
   */
  summarize(work: SummaryWork, signal: AbortSignal): Promise<Summarized>;
}

export interface SummaryWork {
  /** In order, at least one: all of a Conversation, or those that came since `previous` was said. */
  readonly messages: readonly Message[];
  /** What was said of the Messages before; null if these are all. */
  readonly previous: Gist | null;
}

export interface Summarized extends Spent {
  readonly gist: Gist;
}

/** Letters of one Message that are read. What is longer is a document: its beginning tells what it is. */
export const CONTENT_LENGTH_MAX = 4_000;

export const NO_COST: Spent = { tokens: { input: 0, output: 0 }, costMicros: 0 };
