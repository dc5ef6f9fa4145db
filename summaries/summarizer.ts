import type { Message } from '../domain/message.ts';
import type { Gist } from '../domain/summary.ts';

/** Says what a Conversation was about. Which one does is a matter of configuration. */
export interface Summarizer {
  /** Told with each Summary, so that one knows later who wrote it. */
  readonly model: string;
  readonly promptVersion: number;
  /**
   * @param messages All of a Conversation, in order; at least one.
   */
  summarize(messages: readonly Message[], signal: AbortSignal): Promise<Gist>;
}
