import { z } from 'zod';
import { failureThatCounts, isStale } from '../../domain/summary.ts';
import { notFound, RequestFault } from '../problem.ts';
import { type Answer, defineRoute, type RouteDeps } from '../route.ts';
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
    'Where there is none yet, it is made now. Summaries of conversations with new messages are made every night; until then the last one `isStale`. One that could not be made is tried again in the next night, when more was said, or when a POST asks for it.',
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
    const failure = failureThatCounts(state, deps.now());
    if (failure) throw summaryFailed(failure);
    await refuseIfSpent(companyId, deps);
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
    await refuseIfSpent(companyId, deps);
    await deps.forgetSummaryFailure(wanted);
    await deps.askForSummary(replaces === undefined ? wanted : { ...wanted, replaces });
    return QUEUED;
  },
});

const summaryFailed = ({ code, leftMs }: { code: string; leftMs: number }) =>
  new RequestFault(
    'SUMMARY_FAILED',
    `no summary could be made (${code}); it is tried again after the seconds of Retry-After, when more was said, or when a POST asks for it`,
    { retry: { afterMs: leftMs } },
  );

const DAY_MS = 24 * 60 * 60_000;

/** What is asked for then would only wait in the queue, and whoever asks beside it. */
async function refuseIfSpent(
  companyId: string,
  { tokensLeft, now }: Pick<RouteDeps, 'tokensLeft' | 'now'>,
): Promise<void> {
  if ((await tokensLeft(companyId)) > 0) return;
  throw new RequestFault(
    'SUMMARY_BUDGET_SPENT',
    "the company's tokens of today are spent; ask again tomorrow, or raise LLM_TOKENS_PER_COMPANY_DAY_MAX",
    { retry: { afterMs: DAY_MS - (now() % DAY_MS) } },
  );
}
