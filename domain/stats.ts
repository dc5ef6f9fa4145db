import { z } from 'zod';
import { Message, ROLES } from './message.ts';
import { isTimeZone } from './time-zone.ts';

export const STATS_DAYS_MAX = 366;
/** By the hour: a month. */
export const STATS_HOURLY_DAYS_MAX = 31;

const Count = z.int().min(0);
const Instant = z.string().meta({ format: 'date-time' });
const MessagesByRole = z.object({ user: Count, bot: Count, agent: Count, system: Count });
export type MessagesByRole = z.infer<typeof MessagesByRole>;

/** How a quantity is distributed; null where nothing was measured. */
function quantiles(unit: string) {
  const value = z.number().min(0).nullable();
  const shape = { count: Count, p50: value, p90: value, p99: value };
  return z.object(shape).meta({ description: `In ${unit}; off by 3 % at most.` });
}
export type Quantiles = z.infer<ReturnType<typeof quantiles>>;

const Sentiments = z
  .object({ negative: Count, neutral: Count, positive: Count })
  .meta({ description: 'How conversations went that have a summary.' });
export type Sentiments = z.infer<typeof Sentiments>;

const StatsBucket = z.object({
  from: Instant.meta({
    description: 'The first moment; the bucket ends where the next one begins.',
  }),
  messages: MessagesByRole,
  bytes: Count.meta({ description: 'Of the contents, in UTF-8.' }),
  conversationsActive: Count.meta({ description: 'In which something was said.' }),
  conversationsOpened: Count.meta({ description: 'Which began.' }),
  clients: Count.meta({ description: 'Different ones that were spoken with.' }),
});
export type StatsBucket = z.infer<typeof StatsBucket>;

/** What was said in some days up to now, of a Company or with one of its Clients. */
export const MessageStats = z.object({
  timeZone: z.string(),
  from: Instant,
  to: Instant.meta({ description: 'The end of the current bucket.' }),
  messages: MessagesByRole,
  bytes: Count,
  conversationsActive: Count,
  conversationsOpened: Count,
  clients: Count,
  waits: quantiles('milliseconds until an answer').meta({
    description:
      'Milliseconds from the first word of a client that is not answered yet until the next of the bot or an agent; off by 1 % at most. A day later is no answer.',
  }),
  firstWaits: quantiles('milliseconds until the first answer of a conversation'),
  conversationMessages: quantiles(
    'messages of a conversation that spoke in this time, all in all; of more than 200,000, the newest',
  ),
  conversationMinutes: quantiles('minutes from its first message to its last, of the same ones'),
  sentiments: Sentiments,
  buckets: z.array(StatsBucket),
});
export type MessageStats = z.infer<typeof MessageStats>;

/** What statistics are wanted. */
export const StatsRequest = z
  .object({
    companyId: Message.shape.companyId,
    clientId: Message.shape.clientId.optional(),
    days: z.int().min(1).max(STATS_DAYS_MAX),
    timeZone: z.string().refine(isTimeZone, {
      error: 'must be an IANA time zone, like America/Sao_Paulo',
    }),
    by: z.enum(['day', 'hour'], { error: 'must be day or hour' }),
  })
  .refine(({ by, days }) => by === 'day' || days <= STATS_HOURLY_DAYS_MAX, {
    path: ['days'],
    error: `must be at most ${STATS_HOURLY_DAYS_MAX} with by=hour`,
  });
export type StatsRequest = z.infer<typeof StatsRequest>;

export function noMessages(): MessagesByRole {
  return Object.fromEntries(ROLES.map((role) => [role, 0])) as MessagesByRole;
}
