import { discoveries } from './benjamini-hochberg.ts';
import { endedConversations } from './ended-conversations.ts';
import type { ConversationSeen, Pattern, Span } from './observations.ts';
import { type Proportion, pValueOfExcess } from './two-proportions.ts';
import { type Share, wilsonInterval } from './wilson-interval.ts';

export interface BreakOff {
  /** Conversations end after so many Messages more often than one would think. */
  readonly messages: number;
  readonly conversations: number;
  /** Of those that got so far, the share that ended here. */
  readonly ended: Share;
  /** Of those that ended here, the share in which the Client spoke last. */
  readonly unanswered: number;
  readonly qValue: number;
}

/** Where and how Conversations end. */
export interface BreakOffs extends Pattern {
  /** The Client spoke last: a question that nobody answered, or a "thank you". */
  readonly unanswered: Share;
  readonly afterBot: Share;
  /** How many lengths were compared with those around them; 0: too few Conversations get further. */
  readonly tested: number;
  /** The surest first. */
  readonly lengths: readonly BreakOff[];
}

export const BREAK_OFF_CONVERSATIONS_MIN = 100;
/** That get so far, and a turn further: fewer tell no share worth comparing. */
export const BREAK_OFF_REACHED_MIN = 30;
/** Longer Conversations are counted, but their ends are not compared. */
export const BREAK_OFF_LENGTH_MAX = 50;
/** Client and bot take turns, so an end is compared with those two Messages before and after. */
const TURN = 2;

/**
 * Null model: the chance to end after n Messages is no higher than after n − 2 or after n + 2. A
 * length is found only if it exceeds both; so the first turn is never, and the funnel tells of it.
 */
export function breakOffs(
  conversations: readonly ConversationSeen[],
  span: Span,
): BreakOffs | null {
  const ended = endedConversations(conversations, span);
  const observations = ended.length;
  if (observations < BREAK_OFF_CONVERSATIONS_MIN) return null;

  const endedBy = (role: string) => ended.filter(({ lastRole }) => lastRole === role).length;
  return {
    observations,
    unanswered: wilsonInterval(endedBy('user'), observations),
    afterBot: wilsonInterval(endedBy('bot'), observations),
    ...lengthsThatStandOut(ended),
  };
}

interface Ends extends Proportion {
  readonly messages: number;
  readonly unanswered: number;
}

function lengthsThatStandOut(ended: readonly ConversationSeen[]) {
  const ends = endsOf(ended);
  const tested = ends.flatMap((here) => {
    const [before, after] = [ends[here.messages - 1 - TURN], ends[here.messages - 1 + TURN]];
    if (!before || !after || after.trials < BREAK_OFF_REACHED_MIN) return [];
    // The worse of both comparisons, so that a slope is no peak.
    const pValue = Math.max(pValueOfExcess(here, before), pValueOfExcess(here, after));
    return [{ here, pValue }];
  });
  const lengths: BreakOff[] = discoveries(tested)
    .toSorted((a, b) => a.qValue - b.qValue)
    .map(({ finding: { here }, qValue }) => ({
      messages: here.messages,
      conversations: here.successes,
      ended: wilsonInterval(here.successes, here.trials),
      unanswered: here.unanswered / here.successes,
      qValue,
    }));
  return { tested: tested.length, lengths };
}

/** By length: of those that got so far, how many ended. */
function endsOf(ended: readonly ConversationSeen[]): Ends[] {
  const counts = Array.from({ length: BREAK_OFF_LENGTH_MAX }, () => ({ all: 0, unanswered: 0 }));
  for (const { messageCount, lastRole } of ended) {
    const count = counts[messageCount - 1];
    if (!count) continue;
    count.all += 1;
    if (lastRole === 'user') count.unanswered += 1;
  }
  let trials = ended.length;
  return counts.map(({ all, unanswered }, at) => {
    const ends = { messages: at + 1, successes: all, trials, unanswered };
    trials -= all;
    return ends;
  });
}
