import type { Message } from '../../../domain/message.ts';
import { messageKey } from '../../../domain/message-id.ts';
import { cursorOf } from '../../../domain/page.ts';

/** What a page is asked for, beyond whose it is. */
export interface Asked {
  readonly conversationId?: string;
  readonly clientId?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit: number;
}

/** A Company's history as it would be if there were no tiers: a list. */
export class Model {
  readonly #messages: Message[] = [];

  /** Stores it, if no Message of its id is there. */
  store(message: Message): boolean {
    if (this.#messages.some(({ messageId }) => messageId === message.messageId)) return false;
    this.#messages.push(message);
    this.#messages.sort(compare);
    return true;
  }

  get size(): number {
    return this.#messages.length;
  }

  at(nth: number): Message | undefined {
    return this.#messages.at(nth % Math.max(1, this.size));
  }

  /** The newest page; or, next to a Message, those before or after it. */
  page(asked: Asked, next?: { to: Message; direction: 'before' | 'after' }) {
    const scope = this.#messages.filter((message) => isWanted(message, asked));
    if (next?.direction === 'after') {
      const messages = scope.filter((one) => compare(one, next.to) > 0).slice(0, asked.limit);
      return { messages, hasOlder: null };
    }
    const older = next ? scope.filter((one) => compare(one, next.to) < 0) : scope;
    return { messages: older.slice(-asked.limit), hasOlder: older.length > asked.limit };
  }
}

function isWanted(message: Message, asked: Asked): boolean {
  return (
    (asked.conversationId ?? message.conversationId) === message.conversationId &&
    (asked.clientId ?? message.clientId) === message.clientId &&
    message.createdAt >= (asked.from ?? '') &&
    message.createdAt < (asked.to ?? '9999')
  );
}

function compare(a: Message, b: Message): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? -1 : 1;
  return Buffer.compare(messageKey(a.messageId), messageKey(b.messageId));
}

export const cursorTo = (message: Message) => cursorOf(message);
