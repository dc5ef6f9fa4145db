import { z } from 'zod';
import { MessageStats } from '../../domain/stats.ts';
import { defineRoute } from '../route.ts';
import { ClientId, statsQuery } from '../shapes.ts';
import { statsAnswer } from './stats-answer.ts';

export const clientStats = defineRoute({
  name: 'clientStats',
  method: 'get',
  path: '/messages/clients/{clientId}/stats',
  summary: 'The same of one client.',
  scope: 'read',
  params: z.object({ clientId: ClientId }),
  query: z.strictObject(statsQuery),
  answers: {
    200: {
      description: 'The statistics; of a client nobody knows: nothing.',
      schema: MessageStats,
    },
  },
  handle: ({ companyId, params: { clientId }, query }, deps) =>
    statsAnswer({ ...query, companyId, clientId }, deps),
});
