import type { Conversation } from '../domain/conversation.ts';
import type { Message } from '../domain/message.ts';
import type { Page } from '../domain/page.ts';
import { bodyOf, expectSuccess } from './answers.ts';
import type { CallOptions } from './call-options.ts';
import { type Insights, isNotFound, openInsights } from './insights.ts';
import type { OutgoingMessage, Receipt } from './parcels.ts';
import { conversationPath } from './paths.ts';
import { persevere } from './retries.ts';
import { openSender } from './sender.ts';
import { type Answer, openTransport, type Request } from './transport.ts';

export type { Conversation } from '../domain/conversation.ts';
export type { Cursor } from '../domain/cursor.ts';
export type { Retry } from '../domain/errors.ts';
export type { Instant } from '../domain/instant.ts';
export type { Message, Metadata, Role } from '../domain/message.ts';
export type { Page } from '../domain/page.ts';
export type { FoundPatterns } from '../domain/patterns/request.ts';
export type { MessageStats } from '../domain/stats.ts';
export type { CallOptions } from './call-options.ts';
export { ClientError } from './client-error.ts';
export type { ConversationSummary, Insights, PatternsQuery, StatsQuery } from './insights.ts';
export type { OutgoingMessage, Receipt } from './parcels.ts';

export interface ClientOptions {
  /** Where the HTTP process answers, such as https://messages.example. */
  readonly url: string;
  /** The API key of a Company, `cam_…`. */
  readonly key: string;
  /** Milliseconds one attempt may take. Default 10,000. */
  readonly timeoutMs?: number;
  /** Attempts at one request, the first included. Default 5. */
  readonly attemptsMax?: number;
  /** Milliseconds one request may take, with all its attempts. Default 60,000. */
  readonly totalMsMax?: number;
  /** In place of Node's own. */
  readonly fetch?: typeof globalThis.fetch;
}

/** Of one Conversation, of one Client, or of the whole Company; the newest, or next to a cursor. */
export interface PageQuery {
  readonly conversationId?: string;
  readonly clientId?: string;
  /** From this moment on: ISO 8601 with offset, or a Date. */
  readonly from?: string | Date;
  /** Before this moment. */
  readonly to?: string | Date;
  /** Messages, 1 to 500. */
  readonly limit?: number;
  /** `before` of a page: the Messages older than it. */
  readonly before?: string;
  /** `after` of a page: the Messages that came later. */
  readonly after?: string;
}

export interface ConversationQuery {
  /** Only those that spoke within the last 24 hours. */
  readonly active?: boolean;
  readonly limit?: number;
  /** `before` of the page before this one. */
  readonly before?: string;
}

export interface ConversationPage {
  readonly conversations: readonly Conversation[];
  /** Hand back as `before`; null when there are no more. */
  readonly before: string | null;
}

/**
 * The chatbot's door over HTTP. Whatever may pass (no answer, 429, 502, 503, 504) is tried again,
 * within the limits of the options; what stays is a ClientError.
 */
export interface Client extends Insights {
  /** Resolves when the Message is durable (P1). A ClientError tells the `messageId` to repeat it with. */
  createMessage(message: OutgoingMessage, call?: CallOptions): Promise<{ messageId: string }>;
  /**
   * Any number of them. Each gets its own receipt, in order; one refused stops no other. What would
   * stop all, such as a wrong key, stands in every receipt that is left.
   */
  createMessages(messages: readonly OutgoingMessage[], call?: CallOptions): Promise<Receipt[]>;
  /** One page, its Messages oldest first. */
  findMessages(query?: PageQuery, call?: CallOptions): Promise<Page>;
  /** The newest page of a Conversation, through the cache; empty if there is no such Conversation. */
  getRecentMessages(
    conversationId: string,
    options?: { readonly limit?: number } & CallOptions,
  ): Promise<Page>;
  /** Those that spoke last come first. */
  getConversations(query?: ConversationQuery, call?: CallOptions): Promise<ConversationPage>;
  /**
   * All Messages, page by page: the newest first; with `after`, from there on, the oldest first, to
   * the last one there is.
   */
  eachMessage(query?: PageQuery, call?: CallOptions): AsyncGenerator<Message, void, undefined>;
  /** Drops cached pages: of one Conversation, or all. The key needs the scope admin. */
  clearCache(query?: { readonly conversationId?: string }, call?: CallOptions): Promise<void>;
}

const MESSAGES_PER_PAGE = 200;

/** @throws TypeError If the url or the key cannot be right. */
export function openClient(options: ClientOptions): Client {
  const { url, key, fetch = globalThis.fetch, timeoutMs = 10_000 } = options;
  const { attemptsMax = 5, totalMsMax = 60_000 } = options;
  const limits = { attemptsMax, totalMsMax };
  const transport = openTransport({ url, key, fetch, timeoutMs });
  const sender = openSender(transport, limits);

  async function ask<Result>(
    request: Request,
    { signal }: CallOptions,
    read: (answer: Answer) => Result,
  ): Promise<Result> {
    const attempt = async (leftMs: number) => read(await transport.ask(request, leftMs, signal));
    return persevere(limits, attempt, signal);
  }

  async function findMessages(query: PageQuery = {}, call: CallOptions = {}): Promise<Page> {
    const { conversationId, ...rest } = query;
    const path =
      conversationId === undefined ? 'messages' : `${conversationPath(conversationId)}/messages`;
    try {
      return await ask({ method: 'GET', path, query: { ...rest } }, call, toPage);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      // For readers, a Conversation that nobody has spoken in is an empty one.
      return { messages: [], before: null, after: query.after ?? null };
    }
  }

  async function* eachMessage(query: PageQuery = {}, call: CallOptions = {}) {
    let next: PageQuery | null = { limit: MESSAGES_PER_PAGE, ...query };
    while (next) {
      const page: Page = await findMessages(next, call);
      yield* next.after === undefined ? page.messages.toReversed() : page.messages;
      next = following(next, page);
    }
  }

  return {
    ...openInsights(ask),
    createMessage: (message, call = {}) => sender.createMessage(message, call.signal),
    createMessages: (messages, call = {}) => sender.createMessages(messages, call.signal),
    findMessages,
    getRecentMessages(conversationId, { limit, ...call } = {}) {
      return findMessages({ conversationId, ...(limit !== undefined && { limit }) }, call);
    },
    getConversations(query = {}, call = {}) {
      const path = 'messages/conversations';
      return ask({ method: 'GET', path, query: { ...query } }, call, toConversations);
    },
    eachMessage,
    async clearCache(query = {}, call = {}) {
      const path = 'messages/cache';
      await ask({ method: 'DELETE', path, query: { ...query } }, call, expectSuccess);
    },
  };
}

const toPage = (answer: Answer) => bodyOf<Page>(answer, 'messages');
const toConversations = (answer: Answer) => bodyOf<ConversationPage>(answer, 'conversations');

/** The query of the page to go on with; null after the last one. */
function following(query: PageQuery, page: Page): PageQuery | null {
  const { before, after } = page;
  if (query.after === undefined) return before === null ? null : { ...query, before };
  return after === null || page.messages.length === 0 ? null : { ...query, after };
}
