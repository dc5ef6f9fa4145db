import { z } from 'zod';
import { isStale, type SummaryState } from '../../domain/summary.ts';
import { summarizeConversation } from '../../workers/summarize.ts';
import { defineCommand, jsonFlag } from '../command.ts';
import { withInstallation } from '../installation.ts';

const Id = z.string({ error: 'is needed' }).min(1);

export const summarize = defineCommand({
  name: 'summarize',
  summary: 'Says what a conversation was about; makes the summary if there is none, or it is stale',
  flags: {
    company: { type: 'string', value: 'ID', help: 'the company (needed)' },
    conversation: { type: 'string', value: 'ID', help: 'the conversation (needed)' },
    fresh: { type: 'boolean', help: 'make a new version anyway' },
    ...jsonFlag,
  },
  schema: z.object({
    operands: z.tuple([], { error: 'takes no arguments; name it by --conversation' }),
    company: Id,
    conversation: Id,
    fresh: z.boolean().default(false),
    json: z.boolean().default(false),
  }),
  async run({ company: companyId, conversation: conversationId, fresh, json }, context) {
    return withInstallation(context, async ({ wiring }) => {
      await wiring.migrate();
      const wanted = { companyId, conversationId };
      const before = await wiring.readSummary(wanted);
      const replaces = fresh ? before?.summary?.version : undefined;
      // As the Fleet does it, and by the same rules; here, so that none need run.
      await summarizeConversation({ ...wanted, replaces }, wiring.deps, context.signal);
      const state = await wiring.readSummary(wanted);
      const summary = state?.summary;
      if (!state || !summary) {
        context.say('no messages');
        return 1;
      }
      const shown = { ...summary, isStale: isStale(summary, state.conversation) };
      context.print(json ? JSON.stringify(shown) : show(shown));
      return 0;
    });
  },
});

type Shown = NonNullable<SummaryState['summary']> & { readonly isStale: boolean };

/** Texts come from customers: what a terminal would obey is left out. */
function show(shown: Shown): string {
  const { summary, keyPoints, sentiment, tags, language } = shown;
  const { label, score, course } = sentiment;
  return [
    summary,
    '',
    ...keyPoints.map(({ text, messageIds }) => `- ${text} (${messageIds.join(', ')})`),
    '',
    `sentiment  ${label}, ${score}; course ${course.join(' ')}`,
    `tags       ${tags.join(', ')}`,
    `language   ${language}`,
    `messages   ${shown.messageCount} in ${shown.durationMinutes} min, up to ${shown.upTo.createdAt}`,
    `version    ${shown.version}, by ${shown.model} at ${shown.madeAt}${shown.isStale ? ' (stale)' : ''}`,
  ]
    .join('\n')
    .replaceAll(/[^\P{Cc}\n]/gu, '�');
}
