import { describe, expect, it } from 'vitest';
import { guessColumns } from '../../../bin/import/guesses.ts';

describe('the usual names', () => {
  it.each([
    {
      columns: [
        'id',
        'company_id',
        'client_id',
        'conversation_id',
        'role',
        'content',
        'created_at',
      ],
      found: { messageId: 'id', companyId: 'company_id', createdAt: 'created_at' },
    },
    {
      columns: ['Message ID', 'tenantId', 'userId', 'sessionId', 'sender', 'message', 'timestamp'],
      found: { messageId: 'Message ID', content: 'message', conversationId: 'sessionId' },
    },
    {
      columns: ['org', 'from', 'chat_id', 'direction', 'body', 'sent_at', 'meta', 'updated_at'],
      found: { clientId: 'from', role: 'direction', createdAt: 'sent_at', metadata: 'meta' },
    },
    { columns: ['author.role', 'text', 'created'], found: { role: 'author.role' } },
  ])('are found among $columns', ({ columns, found }) => {
    expect(guessColumns(columns)).toMatchObject(found);
  });

  it('give no column to two fields', () => {
    const guessed = Object.values(guessColumns(['message_id', 'message', 'user_id', 'user']));
    expect(new Set(guessed).size).toBe(guessed.length);
  });
});
