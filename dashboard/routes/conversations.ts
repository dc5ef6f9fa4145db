import { z } from 'zod';
import { ACTIVE_MS, CONVERSATIONS_PER_PAGE_DEFAULT } from '../../domain/conversation.ts';
import { instantOf } from '../../domain/instant.ts';
import { defineRoute } from '../route.ts';
import { ConversationPageShape, conversationsQuery } from '../shapes.ts';

export const conversations = defineRoute({
  name: 'conversations',
  method: 'get',
  path: '/messages/conversations',
  summary: 'The conversations of the company, the one that spoke last first.',
  description:
    'A conversation that speaks while you go through the pages moves to the front of the list, past your cursor: read the first page again to see it.',
  scope: 'read',
  query: z.strictObject(conversationsQuery),
  answers: { 200: { description: 'The page.', schema: ConversationPageShape } },
  async handle({ companyId, query: { active, limit, before } }, deps) {
    const isActive = active === 'true';
    if (!isActive && before === undefined && limit === CONVERSATIONS_PER_PAGE_DEFAULT) {
      return { status: 200, bytes: (await deps.readActiveBytes(companyId)).bytes };
    }
    const since = isActive ? instantOf(deps.now() - ACTIVE_MS) : undefined;
    return { status: 200, body: await deps.findConversations({ companyId, limit, since, before }) };
  },
});
