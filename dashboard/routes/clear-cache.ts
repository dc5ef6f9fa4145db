import { z } from 'zod';
import { defineRoute } from '../route.ts';
import { CompanyId, ConversationId } from '../shapes.ts';

export const clearCache = defineRoute({
  name: 'clearCache',
  method: 'delete',
  path: '/messages/cache',
  summary: 'Drops the cached pages of the company, or of one conversation, in every process.',
  scope: 'admin',
  query: z.strictObject({ companyId: CompanyId, conversationId: ConversationId.optional() }),
  answers: { 204: { description: 'Dropped; the next reader gets what is stored then.' } },
  async handle({ companyId, query: { conversationId } }, deps) {
    if (conversationId === undefined) await deps.invalidateCompanyCache(companyId);
    else await deps.invalidateConversationCache({ companyId, conversationId });
    return { status: 204 };
  },
});
