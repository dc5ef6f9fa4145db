import { z } from 'zod';
import { type Message, roughBytes } from '../domain/message.ts';
import { defineQueue } from './define-queue.ts';

export const MESSAGES_PER_JOB_MAX = 500;

/** Messages on their way from the chatbot into the hot tier. */
export const persist = defineQueue({
  name: 'persist',
  summary: 'Stores 1 to 500 Messages in the hot tier.',
  // The Messages are checked one by one by the processor: among 500, one that is malformed fails
  // alone. So the contract only promises what they are.
  payload: z.object({ messages: z.array(z.custom<Message>()).min(1).max(MESSAGES_PER_JOB_MAX) }),
  // No job id and no deduplication: a Message sent twice is caught by its unique key in MySQL.
  attemptsMax: 8,
  backoffMs: { base: 250, max: 16_000 },
  // Enough single Messages to fill the transactions of both lanes while the next ones gather; of
  // full jobs, or of long Messages, as many as weigh the same.
  concurrency: 1_000,
  weight: { of: ({ messages }) => messages.reduce(addWeight, 0), max: 24_000 },
  timeoutMs: 30_000,
  // A dead job holds Messages that exist nowhere else: it is never dropped.
  keep: { done: 0, dead: 'all' },
});

/** A Message counts as one, and one more for each KiB: long ones are held in smaller numbers. */
function addWeight(weight: number, message: Message): number {
  return weight + 1 + roughBytes(message) / 1_024;
}
