import { z } from 'zod';
import type { NewMessage as NewMessageInput } from '../../domain/message.ts';
import { MESSAGES_PER_JOB_MAX } from '../../queues/persist.ts';
import type { Receipt } from '../../queues/producer.ts';
import { noneAccepted, notFound, RequestFault } from '../problem.ts';
import { type Answer, defineRoute } from '../route.ts';
import { CompanyId, NewMessage, ReceiptShape, VerdictsShape } from '../shapes.ts';
import { toShape, type Verdict } from '../verdict.ts';

export const MESSAGES_PER_CALL_MAX = MESSAGES_PER_JOB_MAX;

export const createMessages = defineRoute({
  name: 'createMessages',
  method: 'post',
  path: '/messages',
  summary: 'Hands over one message, or up to 500, to be kept.',
  description:
    'Answers when the messages are on disk in the queue; from then on they cannot be lost. A message is stored once, however often it is sent with the same `messageId`: after any doubt, send it again.',
  scope: 'write',
  query: z.strictObject({ companyId: CompanyId }),
  body: {
    schema: z.union([NewMessage, z.array(NewMessage).min(1).max(MESSAGES_PER_CALL_MAX)]),
    example: {
      clientId: 'maya',
      conversationId: 'order-20481',
      role: 'user',
      content: 'where is my order? 📦',
    },
  },
  answers: {
    202: {
      description: 'Accepted: durable in the queue.',
      schema: z.union([ReceiptShape, VerdictsShape]),
    },
    207: { description: 'Some were accepted, some refused.', schema: VerdictsShape },
  },
  async handle({ companyId, body }, deps) {
    const inputs: unknown[] = Array.isArray(body) ? body : [body];
    if (inputs.length === 0 || body === undefined) throw noMessage();
    if (inputs.length > MESSAGES_PER_CALL_MAX) throw tooManyMessages(inputs.length);
    const verdicts = await handOver(inputs, { companyId, createMessages: deps.createMessages });
    return Array.isArray(body) ? answerMany(verdicts) : answerOne(verdicts);
  },
});

/** A message of another Company is refused as if that Company did not exist; the others go on. */
async function handOver(
  inputs: readonly unknown[],
  to: { companyId: string; createMessages(own: NewMessageInput[]): Promise<Receipt[]> },
): Promise<Verdict[]> {
  const { companyId } = to;
  const isForeign = inputs.map((input) => !belongsTo(companyId, input));
  const own = inputs.filter((_, at) => !isForeign[at]).map((input) => complete(input, companyId));
  const receipts = (await to.createMessages(own)).values();
  return isForeign.map((foreign) => {
    if (foreign) return { isAccepted: false, messageId: null, error: notFound('company') };
    return verdictOf(receipts.next().value);
  });
}

function belongsTo(companyId: string, input: unknown): boolean {
  if (typeof input !== 'object' || input === null || !('companyId' in input)) return true;
  return input.companyId === companyId || input.companyId === undefined;
}

/** Only objects can be completed; the producer refuses the rest, and says why. */
function complete(input: unknown, companyId: string): NewMessageInput {
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input);
  return (isObject ? { ...input, companyId } : input) as NewMessageInput;
}

function verdictOf(receipt: Receipt | undefined): Verdict {
  if (!receipt) throw new Error('the producer gave fewer receipts than messages');
  if (receipt.isAccepted) return { isAccepted: true, messageId: receipt.messageId };
  return { isAccepted: false, messageId: receipt.error.messageId, error: receipt.error };
}

function answerOne([verdict]: readonly Verdict[]): Answer {
  if (!verdict) throw new Error('no verdict on one message');
  if (!verdict.isAccepted) throw verdict.error;
  return { status: 202, body: { messageId: verdict.messageId } };
}

function answerMany(verdicts: readonly Verdict[]): Answer {
  const accepted = verdicts.filter((verdict) => verdict.isAccepted).length;
  const refused = verdicts.length - accepted;
  if (accepted === 0) throw noneAccepted(verdicts);
  const body = { accepted, refused, verdicts: verdicts.map(toShape) };
  return { status: refused === 0 ? 202 : 207, body };
}

const noMessage = () =>
  new RequestFault('REQUEST_INVALID', 'body: holds no message; send one as a JSON object');

const tooManyMessages = (count: number) =>
  new RequestFault(
    'REQUEST_INVALID',
    `body: holds ${count} messages; send at most ${MESSAGES_PER_CALL_MAX} in one call`,
  );
