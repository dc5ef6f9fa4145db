import { endedConversations } from './ended-conversations.ts';
import type { ConversationSeen, Pattern, Span } from './observations.ts';
import { type Share, wilsonInterval } from './wilson-interval.ts';

export interface FunnelStep {
  /** So many Messages, or more. */
  readonly messages: number;
  readonly conversations: number;
  /** Of all Conversations. */
  readonly reached: Share;
  /** Of those that reached this step, the share that did not reach the next one; null on the last. */
  readonly lost: number | null;
}

/** How long Conversations get. Counts, not a test: the intervals tell how sure each share is. */
export interface LengthFunnel extends Pattern {
  readonly steps: readonly FunnelStep[];
}

/** Fibonacci's numbers: finely where most end, coarsely where few are left. */
export const FUNNEL_STEPS = [1, 2, 3, 5, 8, 13, 21, 34, 55, 89] as const;
/** Below it, a share is known no better than within ten points. */
export const FUNNEL_CONVERSATIONS_MIN = 100;

/** Of Conversations that ended: one that still goes on has no length yet. */
export function lengthFunnel(
  conversations: readonly ConversationSeen[],
  span: Span,
): LengthFunnel | null {
  const ended = endedConversations(conversations, span);
  if (ended.length < FUNNEL_CONVERSATIONS_MIN) return null;

  const reached = FUNNEL_STEPS.map(
    (messages) => ended.filter(({ messageCount }) => messageCount >= messages).length,
  );
  const steps = FUNNEL_STEPS.map((messages, at) => ({
    messages,
    conversations: reached[at] ?? 0,
    reached: wilsonInterval(reached[at] ?? 0, ended.length),
    lost: lostBetween(reached[at] ?? 0, reached[at + 1]),
  }));
  return { observations: ended.length, steps: steps.filter((step) => step.conversations > 0) };
}

function lostBetween(here: number, next: number | undefined): number | null {
  return next === undefined || here === 0 ? null : 1 - next / here;
}
