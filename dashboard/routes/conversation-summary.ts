import { z } from 'zod';
import { isStale } from '../../domain/summary.ts';
import { notFound } from '../problem.ts';
import { type Answer, defineRoute } from '../route.ts';
import { CompanyId, ConversationId, QueuedShape, summaryQuery, SummaryShape } from '../shapes.ts';

const path = '/messages/conversations/{conversationId}/summary';
const params = z.strictObject({ conversationId: ConversationId });

/** A free Fleet has it done by then; with a model, ask a few times. */
const RETRY_AFTER_SECONDS = '2';
const QUEUED: Answer = {
  status: 202,
  body: { status: 'queued' },
  headers: { 'retry-after': RETRY_AFTER_SECONDS },
};
const queued = {
  description: 'It is being made; ask again after the seconds of `Retry-After`.',
  schema: QueuedShape,
  hasRetryAfter: true,
};

export const conversationSummary = defineRoute({
  name: 'conversationSummary',
  method: 'get',
  path,
  summary: 'What the conversation was about: summary, key points, sentiment, tags.',
  description:
    'Where there is none yet, it is made now. Summaries of conversations with new messages are made every night; until then the last one `isStale`.',
  scope: 'read',
  params,
  query: z.strictObject(summaryQuery),
  answers: { 200: { description: 'The summary.', schema: SummaryShape }, 202: queued },
  async handle({ companyId, params: { conversationId }, query: { version } }, deps) {
    const state = await deps.readSummary({ companyId, conversationId, version });
    if (!state) throw notFound('conversation');
    const { conversation, summary } = state;
    if (summary) {
      return { status: 200, body: { ...summary, isStale: isStale(summary, conversation) } };
    }
    if (version !== undefined) throw notFound('version of the summary');
    await deps.askForSummary({ companyId, conversationId });
    return QUEUED;
  },
});

export const freshSummary = defineRoute({
  name: 'freshSummary',
  method: 'post',
  path,
  summary: 'Asks for a new version of the summary, though nothing may be new.',
  description:
    'However often it is asked for until it is there, it is made once. The version before stays readable.',
  scope: 'write',
  params,
  query: z.strictObject({ companyId: CompanyId }),
  answers: { 202: queued },
  async handle({ companyId, params: { conversationId } }, deps) {
    const state = await deps.readSummary({ companyId, conversationId });
    if (!state) throw notFound('conversation');
    const replaces = state.summary?.version;
    const wanted = { companyId, conversationId };
    await deps.askForSummary(replaces === undefined ? wanted : { ...wanted, replaces });
    return QUEUED;
  },
});
