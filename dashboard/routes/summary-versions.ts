import { z } from 'zod';
import { notFound } from '../problem.ts';
import { defineRoute } from '../route.ts';
import { CompanyId, ConversationId, SummaryVersionsShape } from '../shapes.ts';

export const summaryVersions = defineRoute({
  name: 'summaryVersions',
  method: 'get',
  path: '/messages/conversations/{conversationId}/summary/versions',
  summary: 'Which versions of the summary there are, the latest first.',
  scope: 'read',
  params: z.strictObject({ conversationId: ConversationId }),
  query: z.strictObject({ companyId: CompanyId }),
  answers: { 200: { description: 'The list.', schema: SummaryVersionsShape } },
  async handle({ companyId, params: { conversationId } }, deps) {
    const versions = await deps.listSummaryVersions({ companyId, conversationId });
    if (!versions) throw notFound('conversation');
    return { status: 200, body: { conversationId, versions } };
  },
});
