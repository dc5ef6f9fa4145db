import { expect, it } from 'vitest';
import { describePayload, redactAnswer } from '../../dashboard/redact.ts';

it.each([
  ['MESSAGES_REFUSED: 1 of 2 messages refused, the others stored: message "wamid.1": role', true],
  ['JOB_TIMED_OUT: the job did not end in time; it will be tried again', true],
  ['job stalled more than allowable limit', true],
  ["Incorrect string value: 'Cadê' for column", false],
  ['TypeError: Cadê is not a function', false],
  ['ENOENT: no such file, open Cadê', false],
  ['Cadê\nMESSAGES_REFUSED: ', false],
])('shows reasons that were written to be read, and only those: %j', (failedReason, isShown) => {
  const { failedReason: shown } = redactAnswer({ failedReason }) as { failedReason: string };
  expect(shown === failedReason).toBe(isShown);
  if (!isShown) expect(shown).toMatch(/^\(hidden: \d+ bytes\): see the log/);
});

it('shows fields of a payload that are listed, and of others their size', () => {
  const payload = {
    companyId: 'padaria',
    conversationId: 'x'.repeat(129),
    role: 'Cadê',
    createdAt: 'Cadê',
    hasOwnProperty: 'Cadê',
    'a text as name': 1,
    count: 7,
    gone: null,
    messages: Array.from({ length: 23 }, () => ({ messageId: 'a' })),
  };
  expect(describePayload(payload)).toEqual({
    companyId: 'padaria',
    conversationId: '(hidden: 129 bytes)',
    role: '(hidden: 5 bytes)',
    createdAt: '(hidden: 5 bytes)',
    hasOwnProperty: '(hidden: 5 bytes)',
    count: '(hidden)',
    gone: null,
    messages: [...Array.from({ length: 20 }, () => ({ messageId: 'a' })), '(3 more)'],
  });
});

it('shows of options what counts, and no text', () => {
  const opts = {
    attempts: 8,
    lifo: true,
    backoff: { type: 'Cadê', delay: 5 },
    'Cadê é': 1,
    x: ['Cadê'],
  };
  expect(redactAnswer({ job: { opts } })).toEqual({
    job: { opts: { attempts: 8, lifo: true, backoff: { delay: 5 } } },
  });
});
