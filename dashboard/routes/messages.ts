import { z } from 'zod';
import { PageRequest } from '../../domain/page.ts';
import { originHeaders } from '../origin-headers.ts';
import { defineRoute } from '../route.ts';
import { ClientId, pageQuery, PageShape } from '../shapes.ts';

export const messages = defineRoute({
  name: 'messages',
  method: 'get',
  path: '/messages',
  summary: 'A page of what was said with a client, or in the whole company.',
  scope: 'read',
  query: z.strictObject({ ...pageQuery, clientId: ClientId.optional() }),
  answers: { 200: { description: 'The page.', schema: PageShape } },
  async handle({ companyId, query }, deps) {
    const { page, tiers } = await deps.findPage(PageRequest.parse({ ...query, companyId }));
    return { status: 200, body: page, headers: originHeaders({ tiers }) };
  },
});
