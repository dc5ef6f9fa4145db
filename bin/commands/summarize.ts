import { z } from 'zod';
import type { Message } from '../../domain/message.ts';
import { PAGE_MESSAGES_MAX } from '../../domain/page.ts';
import type { Gist } from '../../domain/summary.ts';
import { builtInSummarizer } from '../../summaries/built-in/summarize.ts';
import type { Wiring } from '../../wiring.ts';
import { defineCommand, jsonFlag } from '../command.ts';
import { withInstallation } from '../installation.ts';

/** The last ones of a longer Conversation. */
const MESSAGES_MAX = 5_000;
const Id = z.string({ error: 'is needed' }).min(1);

export const summarize = defineCommand({
  name: 'summarize',
  summary: 'Says what a conversation was about: summary, key points, sentiment, tags',
  flags: {
    company: { type: 'string', value: 'ID', help: 'the company (needed)' },
    conversation: { type: 'string', value: 'ID', help: 'the conversation (needed)' },
    ...jsonFlag,
  },
  schema: z.object({
    operands: z.tuple([], { error: 'takes no arguments; name it by --conversation' }),
    company: Id,
    conversation: Id,
    json: z.boolean().default(false),
  }),
  async run({ company: companyId, conversation: conversationId, json }, context) {
    return withInstallation(context, async ({ wiring }) => {
      await wiring.migrate();
      const messages = await readLast(wiring, { companyId, conversationId });
      if (messages.length === 0) {
        context.say('no messages');
        return 1;
      }
      const work = { messages, previous: null };
      const { gist } = await builtInSummarizer.summarize(work, context.signal);
      context.print(json ? JSON.stringify(gist) : show(gist));
      return 0;
    });
  },
});

/** In order, whichever tiers they lie in. */
async function readLast(
  { findMessages }: Pick<Wiring, 'findMessages'>,
  conversation: { companyId: string; conversationId: string },
): Promise<Message[]> {
  const pages: (readonly Message[])[] = [];
  let before: string | null | undefined;
  for (let count = 0; before !== null && count < MESSAGES_MAX;) {
    const request = { ...conversation, limit: PAGE_MESSAGES_MAX };
    const page = await findMessages(before === undefined ? request : { ...request, before });
    pages.unshift(page.messages);
    count += page.messages.length;
    before = page.before;
  }
  return pages.flat();
}

/** Texts come from customers: what a terminal would obey is left out. */
function show({ summary, keyPoints, sentiment, tags, language }: Gist): string {
  const { label, score, course } = sentiment;
  return [
    summary,
    '',
    ...keyPoints.map(({ text, messageIds }) => `- ${text} (${messageIds.join(', ')})`),
    '',
    `sentiment  ${label}, ${score}; course ${course.join(' ')}`,
    `tags       ${tags.join(', ')}`,
    `language   ${language}`,
  ]
    .join('\n')
    .replaceAll(/[^\P{Cc}\n]/gu, '�');
}
