import type { Route } from './route.ts';
import { clearCache } from './routes/clear-cache.ts';
import { clientStats } from './routes/client-stats.ts';
import { conversationMessages } from './routes/conversation-messages.ts';
import { conversationSummary, freshSummary } from './routes/conversation-summary.ts';
import { conversations } from './routes/conversations.ts';
import { createMessages } from './routes/create-messages.ts';
import { messages } from './routes/messages.ts';
import { patterns } from './routes/patterns.ts';
import { stats } from './routes/stats.ts';
import { summaryVersions } from './routes/summary-versions.ts';

/** Every route there is: served, guarded, described and tested from this one list. */
export const routes = [
  createMessages,
  conversationMessages,
  conversationSummary,
  freshSummary,
  summaryVersions,
  conversations,
  messages,
  stats,
  clientStats,
  patterns,
  clearCache,
] as readonly Route[];
