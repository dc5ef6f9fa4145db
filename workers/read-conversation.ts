import { type Cursor, toCursor } from '../domain/cursor.ts';
import type { Message } from '../domain/message.ts';
import { messageKey } from '../domain/message-id.ts';
import { type CheckedPageRequest, type Page, PAGE_MESSAGES_MAX } from '../domain/page.ts';
import type { Summary } from '../domain/summary.ts';

export type FindMessages = (request: CheckedPageRequest) => Promise<Page>;

/** Messages of a Conversation, in order. */
export interface Reading {
  readonly messages: readonly Message[];
  /** False if there are more than were read. */
  readonly isWhole: boolean;
}

interface Wanted {
  readonly companyId: string;
  readonly conversationId: string;
}

/** What a process holds of one Conversation, at most; about. */
const MESSAGES_MAX = 5_000;
const LETTERS_MAX = 4 * 1024 * 1024;

/** All that was said; of a longer Conversation the last part. */
export async function readNewest(
  findMessages: FindMessages,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<Reading> {
  const pages: (readonly Message[])[] = [];
  const room = openRoom();
  let before: Cursor | undefined;
  for (;;) {
    signal.throwIfAborted();
    const page = await findMessages({ ...wanted, limit: PAGE_MESSAGES_MAX, before });
    pages.unshift(page.messages);
    const isWhole = page.before === null;
    if (isWhole || !room.has(page.messages)) return { messages: pages.flat(), isWhole };
    before = page.before;
  }
}

/** What comes behind a place in the order of Messages. */
export async function readSince(
  findMessages: FindMessages,
  { upTo, ...wanted }: Wanted & Pick<Summary, 'upTo'>,
  signal: AbortSignal,
): Promise<Reading> {
  const messages: Message[] = [];
  const room = openRoom();
  let after = toCursor({ createdAt: upTo.createdAt, messageKey: messageKey(upTo.messageId) });
  for (;;) {
    signal.throwIfAborted();
    const page = await findMessages({ ...wanted, limit: PAGE_MESSAGES_MAX, after });
    messages.push(...page.messages);
    const isWhole = page.messages.length < PAGE_MESSAGES_MAX;
    if (isWhole || !room.has(page.messages)) return { messages, isWhole };
    after = page.after ?? after;
  }
}

/** Whether there is room for another page behind those it was told of. */
function openRoom() {
  let [count, letters] = [0, 0];
  return {
    has(messages: readonly Message[]): boolean {
      count += messages.length;
      letters += messages.reduce((sum, { content }) => sum + content.length, 0);
      return count < MESSAGES_MAX && letters < LETTERS_MAX;
    },
  };
}
