import type { z } from 'zod';
import type { Scope } from '../domain/api-key.ts';
import type { ConversationPage } from '../domain/conversation.ts';
import type { Instant } from '../domain/instant.ts';
import type { NewMessage } from '../domain/message.ts';
import type { CheckedPageRequest, Page } from '../domain/page.ts';
import type { PatternsState, PatternsWanted } from '../domain/patterns/request.ts';
import type { StatsRequest } from '../domain/stats.ts';
import type { SummaryState } from '../domain/summary.ts';
import type { Receipt } from '../queues/producer.ts';

/** All that routes ask for, as functions; `run.ts` supplies them. */
export interface RouteDeps {
  createMessages(messages: readonly NewMessage[]): Promise<Receipt[]>;
  /** JSON bytes of the newest page; see `readRecentBytes`. */
  readRecentBytes(conversation: ConversationName): Promise<PageBytes>;
  findPage(request: CheckedPageRequest): Promise<{ page: Page; tiers: readonly string[] }>;
  /** JSON bytes of the Conversations that spoke last; see `readActiveBytes`. */
  readActiveBytes(companyId: string): Promise<{ bytes: Buffer }>;
  findConversations(request: {
    companyId: string;
    limit: number;
    since?: Instant | undefined;
    before?: string | undefined;
  }): Promise<ConversationPage>;
  /** JSON bytes of the statistics; see `MessageStats`. */
  readStatsBytes(request: StatsRequest): Promise<{ bytes: Buffer }>;
  /** Null: there is no such Company. */
  readPatterns(wanted: PatternsWanted): Promise<PatternsState | null>;
  /** False: others of the Company are asked for already, as many as may be. */
  wantPatterns(wanted: PatternsWanted): Promise<boolean>;
  /** Resolves when the job is durable in its queue. */
  findPatternsLater(wanted: PatternsWanted): Promise<void>;
  /** Null: there is no such Conversation. */
  readSummary(
    wanted: ConversationName & { version?: number | undefined },
  ): Promise<SummaryState | null>;
  listSummaryVersions(conversation: ConversationName): Promise<readonly object[] | null>;
  /** Resolves when the job is durable in its queue. */
  askForSummary(wanted: ConversationName & { replaces?: number }): Promise<void>;
  /** That none could be made: somebody wants another attempt. */
  forgetSummaryFailure(conversation: ConversationName): Promise<void>;
  /** How many the Company may still spend on Summaries on this UTC day. */
  tokensLeft(companyId: string): Promise<number>;
  invalidateConversationCache(conversation: ConversationName): Promise<void>;
  invalidateCompanyCache(companyId: string): Promise<void>;
  /** Milliseconds since 1970. */
  now(): number;
  /** That of the installation: where days begin unless the caller says. */
  readonly timeZone: string;
}

interface ConversationName {
  readonly companyId: string;
  readonly conversationId: string;
}

/** A page as it goes out, and where it comes from. */
interface PageBytes {
  readonly bytes: Buffer;
  readonly tiers: readonly string[];
  readonly loadedAtMs: number;
}

/** A request as a route sees it: checked, and of the Company whose key came with it. */
export interface RouteRequest<Params, Query> {
  readonly companyId: string;
  readonly params: Params;
  readonly query: Query;
  /** What JSON stood in the body; undefined without one. Nothing about it is trusted. */
  readonly body: unknown;
}

type Headers = Readonly<Record<string, string>>;

/** What a route answers: JSON bytes as they are, a value to be written as JSON, or nothing. */
export type Answer =
  | { readonly status: number; readonly bytes: Buffer; readonly headers?: Headers }
  | { readonly status: number; readonly body: unknown; readonly headers?: Headers }
  | { readonly status: 204 };

interface AnswerDescription {
  readonly description: string;
  readonly schema?: z.ZodType;
  /** Whether it says when to ask again. */
  readonly hasRetryAfter?: boolean;
}

/** One thing that can be asked over HTTP: everything about it, and what does it. */
export interface Route<Params = unknown, Query = unknown> {
  /** The operation's name in the OpenAPI document, and its label in metrics. */
  readonly name: string;
  readonly method: 'get' | 'post' | 'delete';
  /** As OpenAPI writes it: `/messages/conversations/{conversationId}/messages`. */
  readonly path: string;
  /** One sentence for people. */
  readonly summary: string;
  readonly description?: string;
  /** What a key must be allowed to. There is no route without a key. */
  readonly scope: Scope;
  readonly params?: z.ZodType<Params>;
  readonly query: z.ZodType<Query>;
  /** Only described here: the route looks at its body itself. */
  readonly body?: { readonly schema: z.ZodType; readonly example: unknown };
  /** What it answers when all is well; what else may happen is the same for all routes. */
  readonly answers: Readonly<Record<number, AnswerDescription>>;
  /** Knows neither Express nor MySQL. */
  handle(request: RouteRequest<Params, Query>, deps: RouteDeps): Promise<Answer>;
}

/** States a route; here only so that the compiler infers what it is asked with. */
export function defineRoute<Params, Query>(route: Route<Params, Query>): Route<Params, Query> {
  return Object.freeze(route);
}
