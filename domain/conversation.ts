import { PipelineError } from './errors.ts';
import { type Instant, instantOf, TIME_MS_MAX } from './instant.ts';

/** One exchange between a Company and a Client, as lists show it. */
export interface Conversation {
  readonly conversationId: string;
  readonly clientId: string;
  readonly firstMessageAt: Instant;
  readonly lastMessageAt: Instant;
  readonly messageCount: number;
}

export const CONVERSATIONS_PER_PAGE_MAX = 500;
export const CONVERSATIONS_PER_PAGE_DEFAULT = 50;
/** A Conversation that spoke within this time is active. */
export const ACTIVE_MS = 24 * 60 * 60 * 1_000;

/** Conversations, the one that spoke last first. */
export interface ConversationPage {
  readonly conversations: readonly Conversation[];
  /** Hand back as `before` for those that spoke earlier; null when there are none. */
  readonly before: string | null;
}

/** A place in the list. One that speaks meanwhile moves to the front, past any cursor. */
export interface ConversationPosition {
  readonly lastMessageAt: Instant;
  readonly conversationId: string;
}

const TIME_BYTES = 8;

/** For callers: base64url of the moment in milliseconds, 8 bytes, and the id. */
export function toConversationCursor(position: ConversationPosition): string {
  const time = Buffer.alloc(TIME_BYTES);
  time.writeBigInt64BE(BigInt(Date.parse(position.lastMessageAt)));
  return Buffer.concat([time, Buffer.from(position.conversationId)]).toString('base64url');
}

/** @throws PipelineError `CURSOR_INVALID` if the text was not made by `toConversationCursor`. */
export function fromConversationCursor(cursor: string): ConversationPosition {
  const bytes = Buffer.from(cursor, 'base64url');
  if (bytes.length <= TIME_BYTES) throw conversationCursorInvalid();
  const timeMs = Number(bytes.readBigInt64BE());
  if (timeMs < 0 || timeMs > TIME_MS_MAX) throw conversationCursorInvalid();
  return { lastMessageAt: instantOf(timeMs), conversationId: bytes.toString('utf8', TIME_BYTES) };
}

export const conversationCursorInvalid = () =>
  new PipelineError(
    'CURSOR_INVALID',
    'before: is not one of ours; pass `before` of a page of conversations as it came',
    { retry: 'never' },
  );
