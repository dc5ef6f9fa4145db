import type { Instant } from './instant.ts';

/** One exchange between a Company and a Client, as lists show it. */
export interface Conversation {
  readonly conversationId: string;
  readonly clientId: string;
  readonly firstMessageAt: Instant;
  readonly lastMessageAt: Instant;
  readonly messageCount: number;
}
