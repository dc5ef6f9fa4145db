import { z } from 'zod';
import { PAGE_MESSAGES_DEFAULT, PageRequest } from '../../domain/page.ts';
import { notFound } from '../problem.ts';
import { originHeaders } from '../origin-headers.ts';
import { defineRoute } from '../route.ts';
import { ConversationId, pageQuery, PageShape } from '../shapes.ts';

/** The page of a Conversation that nobody has said anything in. */
const EMPTY_PAGE = Buffer.from(JSON.stringify({ messages: [], before: null, after: null }));

export const conversationMessages = defineRoute({
  name: 'conversationMessages',
  method: 'get',
  path: '/messages/conversations/{conversationId}/messages',
  summary: 'A page of a conversation, oldest message first; without cursor the newest page.',
  scope: 'read',
  params: z.strictObject({ conversationId: ConversationId }),
  query: z.strictObject(pageQuery),
  answers: { 200: { description: 'The page.', schema: PageShape } },
  async handle({ companyId, params: { conversationId }, query }, deps) {
    if (isNewestPage(query)) {
      // As it lies in the cache: neither parsed nor written again.
      const { bytes, ...origin } = await deps.readRecentBytes({ companyId, conversationId });
      if (bytes.equals(EMPTY_PAGE)) throw notFound('conversation');
      return { status: 200, bytes, headers: originHeaders(origin, deps.now()) };
    }
    const { page, tiers } = await deps.findPage(
      PageRequest.parse({ ...query, companyId, conversationId }),
    );
    // Nothing before or after a cursor is an answer; nothing at all is no conversation.
    const isWhole = query.before === undefined && query.after === undefined;
    const isUnbounded = query.from === undefined && query.to === undefined;
    if (page.messages.length === 0 && isWhole && isUnbounded) throw notFound('conversation');
    return { status: 200, body: page, headers: originHeaders({ tiers }) };
  },
});

function isNewestPage(query: {
  limit: number;
  before?: string | undefined;
  after?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
}): boolean {
  const { limit, before, after, from, to } = query;
  const isPlain = (before ?? after ?? from ?? to) === undefined;
  return isPlain && limit === PAGE_MESSAGES_DEFAULT;
}
