import { z } from 'zod';
import { Message, roughBytes } from '../domain/message.ts';
import { defineQueue } from './define-queue.ts';

export const MESSAGES_PER_JOB_MAX = 500;

/** Messages on their way from the chatbot into the hot tier. */
export const persist = defineQueue({
  name: 'persist',
  summary: 'Stores 1 to 500 Messages in the hot tier.',
  // The Messages are checked one by one by the processor: among 500, one that is malformed fails
  // alone. So the contract only promises what they are.
  payload: listOf(z.custom<Message>()),
  document: listOf(Message),
  example: {
    messages: [
      {
        companyId: 'lantern-loop',
        clientId: 'maya',
        conversationId: 'order-20481',
        messageId: '019c13ec-9e00-7c3d-9e4f-0123456789ab',
        role: 'user',
        content: 'where is my order? 📦',
        createdAt: '2026-01-31T12:00:00.000Z',
        metadata: { channel: 'whatsapp' },
      },
    ],
  },
  // No job id and no deduplication: a Message sent twice is caught by its unique key in MySQL.
  attemptsMax: 8,
  backoffMs: { base: 250, max: 16_000 },
  // Enough single Messages to fill the transactions of both lanes while the next ones gather; of
  // full jobs, or of long Messages, as many as weigh the same.
  concurrency: 1_000,
  weight: { of: ({ messages }) => messages.reduce(addWeight, 0), max: 24_000 },
  timeoutMs: 30_000,
  // The last ones done are there for whoever looks at the board; keeping them costs a twentieth of
  // what a job costs. A dead job holds Messages that exist nowhere else: it is never dropped.
  keep: { done: 20, dead: 'all' },
});

function listOf(message: z.ZodType<Message>) {
  return z.object({ messages: z.array(message).min(1).max(MESSAGES_PER_JOB_MAX) });
}

/** A Message counts as one, and one more for each KiB: long ones are held in smaller numbers. */
function addWeight(weight: number, message: Message): number {
  return weight + 1 + roughBytes(message) / 1_024;
}
