import { instantOf, DAY_MS, HOUR_MS } from '../../../domain/instant.ts';
import type {
  ClientWeek,
  ConversationSeen,
  HourOfAnswers,
  HourOfMessages,
  Span,
  SummarySeen,
} from '../../../domain/patterns/observations.ts';
import { binomialTail } from '../../../domain/patterns/tail-probability.ts';
import { addWait, newWaitSketch } from '../../../domain/wait-sketch.ts';
import type { Random } from '../random.ts';

/** A Monday at midnight. */
export const START_MS = Date.parse('2026-01-05T00:00:00.000Z');

export function spanOf(weeks: number, timeZone = 'UTC'): Span {
  return { from: instantOf(START_MS), to: instantOf(START_MS + weeks * 7 * DAY_MS), timeZone };
}

export const minutesAfter = (timeMs: number, minutes: number) =>
  instantOf(timeMs + minutes * 60_000);

/** Hours with as many Messages of Clients as `messagesOf` says, and a third as many Conversations. */
export function someHours(
  weeks: number,
  messagesOf: (hour: { at: number; weekday: number; hour: number }) => number,
): HourOfMessages[] {
  return Array.from({ length: weeks * 168 }, (_, at) => {
    const user = messagesOf({ at, weekday: (Math.floor(at / 24) % 7) + 1, hour: at % 24 });
    return anHour(at, { user, conversationsOpened: Math.ceil(user / 3) });
  });
}

export function anHour(at: number, given: Partial<HourOfMessages>): HourOfMessages {
  const hour = instantOf(START_MS + at * HOUR_MS);
  const roles = { user: 0, bot: 0, agent: 0, system: 0 };
  return { hour, ...roles, clients: 0, conversationsOpened: 0, conversationsActive: 0, ...given };
}

/** One that began `startMs` after the beginning, and took a minute for each Message. */
export function aConversation(
  id: number,
  given: Partial<ConversationSeen> & { readonly startMs?: number } = {},
): ConversationSeen {
  const { startMs = 0, ...rest } = given;
  const { messageCount = 2 } = rest;
  return {
    conversationId: `conversation-${id}`,
    clientId: `client-${id}`,
    firstMessageAt: instantOf(START_MS + startMs),
    lastMessageAt: minutesAfter(START_MS + startMs, messageCount),
    messageCount,
    lastRole: 'bot',
    ...rest,
  };
}

export function hourOfAnswers(at: number, waitsMs: readonly number[]): HourOfAnswers {
  const waits = newWaitSketch();
  for (const ms of waitsMs) addWait(waits, ms);
  return { hour: instantOf(START_MS + at * HOUR_MS), waits };
}

export function aSummary(
  id: number,
  given: Partial<SummarySeen> & { readonly startMs?: number } = {},
): SummarySeen {
  const { startMs = 0, ...rest } = given;
  return {
    conversationId: `conversation-${id}`,
    clientId: `client-${id}`,
    at: instantOf(START_MS + startMs),
    tags: [],
    score: 0,
    label: 'neutral',
    ...rest,
  };
}

/** The Monday so many weeks after the beginning. */
export function aClientWeek(clientId: string, week: number, conversations = 1): ClientWeek {
  const monday = instantOf(START_MS + week * 7 * DAY_MS).slice(0, 10);
  return { clientId, week: monday, conversations };
}

export function pick<T>(random: Random, from: readonly T[]): T {
  const found = from[random.below(from.length)];
  if (found === undefined) throw new RangeError('nothing to pick from');
  return found;
}

/**
 * In how many of so many Companies without any pattern something may be found, if each is wrong with
 * the probability `rate`: more happen by chance once in ten thousand times.
 */
export function falseFindingsMax(companies: number, rate: number): number {
  let most = 0;
  while (binomialTail(most + 1, companies, rate) > 1e-4) most += 1;
  return most;
}
