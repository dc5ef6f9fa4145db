import { z } from 'zod';
import {
  CONVERSATIONS_PER_PAGE_DEFAULT,
  CONVERSATIONS_PER_PAGE_MAX,
} from '../domain/conversation.ts';
import { Message } from '../domain/message.ts';
import { PATTERN_DAYS_DEFAULT } from '../domain/patterns/request.ts';
import { STATS_DAYS_MAX, StatsRequest } from '../domain/stats.ts';
import { PAGE_MESSAGES_DEFAULT, PAGE_MESSAGES_MAX } from '../domain/page.ts';
import { Summary } from '../domain/summary.ts';

/** What goes over the wire, for checking and for the OpenAPI document alike. */

export const ConversationId = Message.shape.conversationId.meta({
  description: 'The id of a conversation, as the chatbot gave it.',
});
export const ClientId = Message.shape.clientId.meta({
  description: 'The id of a client of the company, as the chatbot gave it.',
});

/** Every route takes it; whether it is the key's own is checked before all else. */
export const CompanyId = Message.shape.companyId
  .optional()
  .meta({ description: 'The company. Need not be given: the API key belongs to one company.' });

const INSTANT_EXAMPLE = '2026-01-31T12:00:00.000Z';

export const pageQuery = {
  companyId: CompanyId,
  limit: wholeNumber(PAGE_MESSAGES_MAX)
    .default(PAGE_MESSAGES_DEFAULT)
    .meta({ description: 'Messages of a page, at most.' }),
  before: z
    .string()
    .optional()
    .meta({ description: '`before` of a page: the page of older messages.' }),
  after: z
    .string()
    .optional()
    .meta({ description: '`after` of a page: what was said since. Not together with `before`.' }),
  from: z
    .string()
    .optional()
    .meta({
      description: 'Messages of this moment or later; ISO 8601 with offset (write + as %2B).',
      format: 'date-time',
      examples: [INSTANT_EXAMPLE],
    }),
  to: z
    .string()
    .optional()
    .meta({
      description: 'Messages before this moment; ISO 8601 with offset.',
      format: 'date-time',
      examples: [INSTANT_EXAMPLE],
    }),
};

export const conversationsQuery = {
  companyId: CompanyId,
  active: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .default('false')
    .meta({ description: 'true: only those that spoke within the last 24 hours.' }),
  limit: wholeNumber(CONVERSATIONS_PER_PAGE_MAX)
    .default(CONVERSATIONS_PER_PAGE_DEFAULT)
    .meta({ description: 'Conversations of a page, at most.' }),
  before: z
    .string()
    .optional()
    .meta({ description: '`before` of a page: conversations that spoke earlier.' }),
};

export const statsQuery = {
  companyId: CompanyId,
  days: wholeNumber(STATS_DAYS_MAX)
    .default(7)
    .meta({ description: 'So many days up to and with the current one.' }),
  timeZone: StatsRequest.shape.timeZone.optional().meta({
    description:
      'Where days begin: an IANA time zone, like America/Sao_Paulo. Default: that of the installation, `TIME_ZONE`.',
  }),
  by: StatsRequest.shape.by
    .default('day')
    .meta({ description: 'How long the buckets are; by the hour for at most 31 days.' }),
};

export const patternsQuery = {
  companyId: CompanyId,
  days: statsQuery.days.default(PATTERN_DAYS_DEFAULT),
  timeZone: statsQuery.timeZone,
};

export const summaryQuery = {
  companyId: CompanyId,
  version: wholeNumber(2 ** 31 - 1)
    .optional()
    .meta({ description: 'An older version. Default: the latest.' }),
};

/** A Message on its way in: what is left out is filled in. */
export const NewMessage = Message.extend({
  companyId: CompanyId,
  messageId: Message.shape.messageId.optional().meta({
    description:
      'Your own id of the message, such as that of a webhook. With it the call may be repeated: it is stored once. Default: a new UUIDv7.',
  }),
  createdAt: Message.shape.createdAt
    .optional()
    .meta({ description: 'ISO 8601 with offset. Default: now.', format: 'date-time' }),
}).meta({ id: 'NewMessage' });

const Cursor = z.string().nullable();
const Instant = z.string().meta({ format: 'date-time' });

export const PageShape = z
  .object({
    messages: z.array(Message.meta({ id: 'Message' })),
    before: Cursor.meta({ description: 'Pass as `before` for older messages; null: none.' }),
    after: Cursor.meta({ description: 'Pass as `after` for what comes later, now or in future.' }),
    unavailable: z
      .array(z.object({ from: Instant, to: Instant }))
      .optional()
      .meta({ description: 'Where messages may be missing, as a part of the archive is damaged.' }),
  })
  .meta({ id: 'Page' });

export const ConversationPageShape = z
  .object({
    conversations: z.array(
      z
        .object({
          conversationId: z.string(),
          clientId: z.string(),
          firstMessageAt: Instant,
          lastMessageAt: Instant,
          messageCount: z.int().min(1),
        })
        .meta({ id: 'Conversation' }),
    ),
    before: Cursor,
  })
  .meta({ id: 'ConversationPage' });

export const SummaryShape = Summary.extend({
  isStale: z
    .boolean()
    .meta({ description: 'Whether more was said than it knows; messages may come late.' }),
}).meta({ id: 'Summary' });

export const SummaryVersionsShape = z
  .object({
    conversationId: z.string(),
    versions: z.array(
      Summary.pick({
        version: true,
        madeAt: true,
        model: true,
        promptVersion: true,
        messageCount: true,
      }).meta({ id: 'SummaryVersion' }),
    ),
  })
  .meta({ id: 'SummaryVersions' });

/** Each is told in full by docs/patterns.md; here only what all have in common. */
const pattern = (description: string) =>
  z
    .looseObject({
      observations: z.int().min(0).meta({ description: 'How many it rests on.' }),
    })
    .nullable()
    .meta({ description: `${description} null: too few observations.` });

export const PatternsShape = z
  .object({
    from: Instant,
    to: Instant,
    timeZone: z.string(),
    foundAt: Instant,
    conversationsFrom: Instant.meta({
      description: 'Of very many conversations, those that ended before were left out.',
    }),
    summariesFrom: Instant.meta({ description: 'The same of summaries.' }),
    clientShare: z.number().min(0).max(1).meta({
      description:
        'Of the clients, those whom returningClients and cohorts rest on: of very many, a sample.',
    }),
    peakHours: pattern('Hours of the week in which clients write more than on average.'),
    lengthFunnel: pattern('How many conversations get how far.'),
    breakOffs: pattern('After how many messages conversations end, and who spoke last.'),
    returningClients: pattern('How many clients come again.'),
    cohorts: pattern('Clients by the week they came in, and how many were back later.'),
    slowAnswers: pattern('Hours of the week in which answers take longer.'),
    topics: pattern('What conversations are about again and again, and what rises or falls.'),
    clientsAtRisk: pattern('Clients whose mood falls, or who have to ask again and again.'),
    unusualDays: pattern('Days that are not as their weekday usually is.'),
  })
  .meta({ id: 'Patterns' });

export const QueuedShape = z.object({ status: z.literal('queued') }).meta({ id: 'Queued' });

export const VerdictShape = z
  .discriminatedUnion('isAccepted', [
    z.object({ isAccepted: z.literal(true), messageId: z.string() }),
    z.object({
      isAccepted: z.literal(false),
      messageId: z.string().nullable(),
      code: z.string(),
      field: z.string().nullable(),
      detail: z.string(),
    }),
  ])
  .meta({ id: 'Verdict', description: 'What became of one message; in the order they were sent.' });

export const VerdictsShape = z
  .object({
    accepted: z.int().min(0),
    refused: z.int().min(0),
    verdicts: z.array(VerdictShape),
  })
  .meta({ id: 'Verdicts' });

export const ReceiptShape = z.object({ messageId: z.string() }).meta({ id: 'Receipt' });

/** RFC 9457, with a code for machines. */
export const ProblemShape = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'What is wrong, and what to do.' }),
    code: z.string().meta({ description: 'For machines; stays as it is.' }),
    field: z.string().optional().meta({ description: 'The field to blame, if it is one.' }),
    errors: z.array(z.object({ field: z.string(), detail: z.string() })).optional(),
    verdicts: z.array(VerdictShape).optional(),
    requestId: z.string(),
  })
  .meta({ id: 'Problem' });

function wholeNumber(max: number) {
  const error = `must be a whole number from 1 to ${max}`;
  return z.coerce.number({ error }).int({ error }).min(1, { error }).max(max, { error });
}
