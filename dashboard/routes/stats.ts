import { z } from 'zod';
import { MessageStats } from '../../domain/stats.ts';
import { defineRoute } from '../route.ts';
import { statsQuery } from '../shapes.ts';
import { statsAnswer } from './stats-answer.ts';

export const stats = defineRoute({
  name: 'stats',
  method: 'get',
  path: '/messages/stats',
  summary: 'What was said in the last days, counted; current to within a minute.',
  scope: 'read',
  query: z.strictObject(statsQuery),
  answers: { 200: { description: 'The statistics.', schema: MessageStats } },
  handle: ({ companyId, query }, deps) => statsAnswer({ ...query, companyId }, deps),
});
