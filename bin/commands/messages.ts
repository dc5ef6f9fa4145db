import { z } from 'zod';
import type { Message } from '../../domain/message.ts';
import { PAGE_MESSAGES_MAX, PageRequest } from '../../domain/page.ts';
import { defineCommand, jsonFlag, UsageError } from '../command.ts';
import { withInstallation } from '../installation.ts';

const Id = z.string({ error: 'is needed' }).min(1);

export const messages = defineCommand({
  name: 'messages',
  summary: 'Prints a page of a conversation, of a client, or of a whole company',
  flags: {
    company: { type: 'string', value: 'ID', help: 'the company (needed)' },
    conversation: { type: 'string', value: 'ID', help: 'only this conversation' },
    client: { type: 'string', value: 'ID', help: 'only this client' },
    limit: {
      type: 'string',
      value: 'N',
      help: `messages, at most ${PAGE_MESSAGES_MAX} (default 50)`,
    },
    before: { type: 'string', value: 'CURSOR', help: 'the page of older messages' },
    after: { type: 'string', value: 'CURSOR', help: 'the page of later messages' },
    ...jsonFlag,
  },
  schema: z.object({
    operands: z.tuple([], { error: 'takes no arguments; name the conversation by --conversation' }),
    company: Id,
    conversation: Id.optional(),
    client: Id.optional(),
    limit: z.coerce.number().int().min(1).max(PAGE_MESSAGES_MAX).optional(),
    before: z.string().optional(),
    after: z.string().optional(),
    json: z.boolean().default(false),
  }),
  async run({ company, conversation, client, limit, before, after, json }, context) {
    if (conversation && client) throw new UsageError('--client: cannot go with --conversation');
    if (before && after) throw new UsageError('--after: cannot go with --before; choose one');
    const request = PageRequest.parse({
      companyId: company,
      conversationId: conversation,
      clientId: client,
      limit,
      before,
      after,
    });
    return withInstallation(context, async ({ wiring }) => {
      await wiring.migrate();
      const page = await wiring.findMessages(request);
      if (json) {
        context.print(JSON.stringify(page));
        return 0;
      }
      for (const message of page.messages) context.print(line(message));
      if (page.messages.length === 0) context.say('no messages');
      if (page.before !== null) context.say(`older: --before ${page.before}`);
      return 0;
    });
  },
});

/** Control characters of a message must not reach the terminal; line breaks are shown as they are. */
function line({ createdAt, role, content }: Message): string {
  const shown = content.replaceAll(/[^\P{Cc}\n\t]/gu, '�').replaceAll('\n', '\n'.padEnd(34));
  return `${createdAt}  ${role.padEnd(6)}  ${shown}`;
}
