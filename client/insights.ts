import type { FoundPatterns } from '../domain/patterns/request.ts';
import type { MessageStats } from '../domain/stats.ts';
import type { Summary } from '../domain/summary.ts';
import { bodyOf, expectSuccess } from './answers.ts';
import type { CallOptions } from './call-options.ts';
import { ClientError } from './client-error.ts';
import { clientPath, conversationPath } from './paths.ts';
import type { Answer, Request } from './transport.ts';

/** What a Conversation was about. */
export interface ConversationSummary extends Summary {
  /** Whether more was said than it knows; a fresh one is made at night, or with `askForSummary`. */
  readonly isStale: boolean;
}

export interface StatsQuery {
  /** So many days up to and with the current one. Default 7. */
  readonly days?: number;
  /** Where days begin: an IANA time zone. Default: that of the installation. */
  readonly timeZone?: string;
  /** How long the buckets are; by the hour for at most 31 days. Default day. */
  readonly by?: 'day' | 'hour';
  /** Of this Client alone. */
  readonly clientId?: string;
}

export interface PatternsQuery {
  /** Default 56. */
  readonly days?: number;
  /** As for statistics. */
  readonly timeZone?: string;
}

/** What there is to know of Messages without reading them. */
export interface Insights {
  /**
   * The latest Summary, or an older version. Null: nothing was said yet; or it is being made now, and
   * there a few seconds later.
   */
  getSummary(
    conversationId: string,
    options?: { readonly version?: number } & CallOptions,
  ): Promise<ConversationSummary | null>;
  /** Has a new version made, though nothing may be new. The key needs the scope write. */
  askForSummary(conversationId: string, call?: CallOptions): Promise<void>;
  /** What was said in some days: Messages by role, Conversations, Clients, how long answers took. */
  getStats(query?: StatsQuery, call?: CallOptions): Promise<MessageStats>;
  /** What recurs. Null: there are no Messages; or they are being looked for, and there soon. */
  getPatterns(query?: PatternsQuery, call?: CallOptions): Promise<FoundPatterns | null>;
}

export function openInsights(
  ask: <Result>(
    request: Request,
    call: CallOptions,
    read: (answer: Answer) => Result,
  ) => Promise<Result>,
): Insights {
  return {
    getSummary(conversationId, { version, ...call } = {}) {
      const path = `${conversationPath(conversationId)}/summary`;
      return orNull(ask({ method: 'GET', path, query: { version } }, call, toSummary));
    },
    async askForSummary(conversationId, call = {}) {
      const path = `${conversationPath(conversationId)}/summary`;
      await ask({ method: 'POST', path }, call, expectSuccess);
    },
    getStats({ clientId, ...query } = {}, call = {}) {
      const path = clientId === undefined ? 'messages/stats' : `${clientPath(clientId)}/stats`;
      return ask({ method: 'GET', path, query }, call, toStats);
    },
    getPatterns(query = {}, call = {}) {
      const path = 'messages/patterns';
      return orNull(ask({ method: 'GET', path, query: { ...query } }, call, toPatterns));
    },
  };
}

const isQueued = ({ status }: Answer) => status === 202;
const toSummary = (answer: Answer) =>
  isQueued(answer) ? null : bodyOf<ConversationSummary>(answer, 'summary');
const toStats = (answer: Answer) => bodyOf<MessageStats>(answer, 'buckets');
const toPatterns = (answer: Answer) =>
  isQueued(answer) ? null : bodyOf<FoundPatterns>(answer, 'foundAt');

/** For readers, what is not there is nothing. */
async function orNull<Result>(asked: Promise<Result | null>): Promise<Result | null> {
  try {
    return await asked;
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}

/** Whether the server says so, and not whatever lies at a wrong url. */
export function isNotFound(error: unknown): boolean {
  return error instanceof ClientError && error.status === 404 && error.code === 'NOT_FOUND';
}
