import type { Conversation } from '../domain/conversation.ts';
import type { PayloadOf } from '../queues/index.ts';

export interface CacheWarmDeps {
  /** Reads the newest page through the cache, which fills it. */
  readRecentPage(conversation: { companyId: string; conversationId: string }): Promise<void>;
  getActiveConversations(companyId: string): Promise<readonly Conversation[]>;
  /** Drops what the cache keeps in vain; ends early when the signal aborts. */
  cleanCache(signal: AbortSignal): Promise<{ dropped: number }>;
}

/**
 * Fills the cache as the next reader would, or cleans it. Safe to run twice: what is filled is only
 * looked at, what is gone is gone.
 */
export async function warmCache(
  job: PayloadOf<'cache-warm'>,
  deps: CacheWarmDeps,
  signal: AbortSignal,
) {
  if ('clean' in job) return deps.cleanCache(signal);
  const { companyId, conversationId } = job;
  if (conversationId !== undefined) {
    await deps.readRecentPage({ companyId, conversationId });
    return { warmed: 1 };
  }
  const active = await deps.getActiveConversations(companyId);
  for (const conversation of active) {
    await deps.readRecentPage({ companyId, conversationId: conversation.conversationId });
  }
  return { warmed: active.length };
}
