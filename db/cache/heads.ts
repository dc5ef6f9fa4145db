import type { Redis } from 'ioredis';
import type { EntryKeys } from './keys.ts';

/** What Redis says of a page without giving it out. */
export interface Head {
  readonly epoch: string | null;
  /** The header of the page that is there now. */
  readonly head: string | null;
}

interface Question {
  readonly own: EntryKeys;
  readonly answer: PromiseWithResolvers<Head>;
}

/** Keys of one command: more are asked for by several. */
const QUESTIONS_PER_COMMAND_MAX = 500;

/**
 * Asks Redis which pages are current. All that is asked in one turn of the event loop goes as one
 * command: under load the cost of a question is a fraction of a command, for us and for Redis.
 * Whoever asks for the same page in that turn shares the question, which is still to be sent.
 */
export function openHeads(redis: Redis): (own: EntryKeys) => Promise<Head> {
  let asked = new Map<string, Question>();

  function send(): void {
    const questions = [...asked.values()];
    asked = new Map();
    for (let at = 0; at < questions.length; at += QUESTIONS_PER_COMMAND_MAX) {
      void sendSome(questions.slice(at, at + QUESTIONS_PER_COMMAND_MAX));
    }
  }

  async function sendSome(questions: readonly Question[]): Promise<void> {
    try {
      const keys = questions.flatMap(({ own }) => [own.epoch, own.head]);
      const values = await redis.mget(keys);
      for (const [at, { answer }] of questions.entries()) {
        answer.resolve({ epoch: values[2 * at] ?? null, head: values[2 * at + 1] ?? null });
      }
    } catch (error) {
      for (const { answer } of questions) answer.reject(error);
    }
  }

  return (own) => {
    const known = asked.get(own.head);
    if (known) return known.answer.promise;
    if (asked.size === 0) setImmediate(send);
    const question = { own, answer: Promise.withResolvers<Head>() };
    asked.set(own.head, question);
    return question.answer.promise;
  };
}
