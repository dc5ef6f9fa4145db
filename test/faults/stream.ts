import { setTimeout as pause } from 'node:timers/promises';
import { MessageError, type Producer } from '../../queues/producer.ts';
import { aMessage } from '../house.ts';

export interface Stream {
  /** Ids whose promise resolved: from then on they are ours to keep. */
  readonly accepted: readonly string[];
  /** Why others were not accepted. */
  readonly refusals: readonly unknown[];
  /** Ends it; resolves when every call has its answer. */
  stop(): Promise<void>;
}

const MESSAGES_AT_ONCE = 20;
const PAUSE_MS = 10;

/** A chatbot that goes on talking, whatever happens: about 1,500 Messages a second. */
export function openStream(
  producer: Producer,
  { companyId, conversationOf }: { companyId: string; conversationOf?: (nth: number) => string },
): Stream {
  const accepted: string[] = [];
  const refusals: unknown[] = [];
  const calls: Promise<void>[] = [];
  const ending = new AbortController();

  async function say(nth: number): Promise<void> {
    const conversationId = conversationOf?.(nth) ?? `pedido-${nth % 20}`;
    const message = aMessage({ companyId, conversationId });
    try {
      accepted.push((await producer.createMessage(message)).messageId);
    } catch (error) {
      refusals.push(error);
    }
  }

  async function talk(): Promise<void> {
    while (!ending.signal.aborted) {
      const from = calls.length;
      for (let nth = from; nth < from + MESSAGES_AT_ONCE; nth += 1) calls.push(say(nth));
      await pause(PAUSE_MS);
    }
  }

  const talking = talk();
  return {
    accepted,
    refusals,
    async stop() {
      ending.abort();
      await talking;
      await Promise.all(calls);
    },
  };
}

/** A refusal the caller can act on: it names the fault and the id to send the Message again with. */
export function isTyped(refusal: unknown): boolean {
  const codes = ['QUEUE_UNREACHABLE', 'QUEUE_FULL'];
  return (
    refusal instanceof MessageError && codes.includes(refusal.code) && refusal.messageId !== null
  );
}
