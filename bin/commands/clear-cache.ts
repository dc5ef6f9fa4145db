import { z } from 'zod';
import { defineCommand } from '../command.ts';
import { withInstallation } from '../installation.ts';

export const clearCache = defineCommand({
  name: 'clear-cache',
  summary: 'Drops the cached pages of a company, or of one conversation, in every process',
  flags: {
    company: { type: 'string', value: 'ID', help: 'the company (needed)' },
    conversation: { type: 'string', value: 'ID', help: 'only this conversation' },
  },
  schema: z.object({
    operands: z.tuple([], { error: 'takes no arguments' }),
    company: z.string({ error: 'is needed' }).min(1),
    conversation: z.string().min(1).optional(),
  }),
  async run({ company, conversation }, context) {
    return withInstallation(context, async ({ wiring }) => {
      if (conversation === undefined) await wiring.invalidateCompanyCache(company);
      else {
        const one = { companyId: company, conversationId: conversation };
        await wiring.invalidateConversationCache(one);
      }
      context.print('cleared');
      return 0;
    });
  },
});
