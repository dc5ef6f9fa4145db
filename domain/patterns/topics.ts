import { discoveries } from './benjamini-hochberg.ts';
import type { Pattern, Span, SummarySeen } from './observations.ts';
import { type TagCluster, tagClusters } from './tag-clusters.ts';
import { type Proportion, pValueOfDifference } from './two-proportions.ts';
import { type Share, wilsonInterval } from './wilson-interval.ts';

export interface Topic {
  /** The most frequent first. */
  readonly tags: TagCluster;
  readonly conversations: number;
  readonly share: Share;
  /** From the earlier half of the span to the later one; null where it stays as it was. */
  readonly trend: TopicTrend | null;
  /** The latest Conversations about it. */
  readonly examples: readonly string[];
}

export interface TopicTrend {
  readonly direction: 'rising' | 'falling';
  /** Its share of the Conversations of each half. */
  readonly before: number;
  readonly after: number;
  readonly qValue: number;
}

/** What Conversations are about, by the tags of their Summaries. */
export interface Topics extends Pattern {
  /** For how many the halves of the span were compared; 0: one of these has no Summaries. */
  readonly tested: number;
  /** The most frequent first. */
  readonly topics: readonly Topic[];
}

export const TOPIC_SUMMARIES_MIN = 50;
/** Rarer is no topic that recurs. */
export const TOPIC_CONVERSATIONS_MIN = 5;
export const TOPICS_MAX = 50;
export const TOPIC_EXAMPLES_MAX = 3;

/**
 * Tags that come together more often than by chance are one topic, and each other tag is one alone.
 *
 * Null model of the trend: a topic has the same share of both halves of the span.
 */
export function topics(summaries: readonly SummarySeen[], span: Span): Topics | null {
  const seen = latestOfEach(summaries);
  if (seen.length < TOPIC_SUMMARIES_MIN) return null;

  const tagSets = seen.map(({ tags }) => new Set(tags));
  const found = gathered(tagClusters(tagSets, TOPIC_CONVERSATIONS_MIN), seen)
    .toSorted((a, b) => b.about.length - a.about.length)
    .slice(0, TOPICS_MAX);
  const { tested, trends } = trendsOf(found, seen, span);
  return {
    observations: seen.length,
    tested,
    topics: found.map(({ tags, about }) => ({
      tags,
      conversations: about.length,
      share: wilsonInterval(about.length, seen.length),
      trend: trends.get(tags) ?? null,
      examples: about.slice(-TOPIC_EXAMPLES_MAX).map(({ conversationId }) => conversationId),
    })),
  };
}

interface Found {
  readonly tags: TagCluster;
  readonly about: readonly SummarySeen[];
}

/** One Summary of each Conversation, in the order of time. */
function latestOfEach(summaries: readonly SummarySeen[]): SummarySeen[] {
  const inOrder = summaries.toSorted(
    (a, b) => compare(a.at, b.at) || compare(a.conversationId, b.conversationId),
  );
  return [...new Map(inOrder.map((summary) => [summary.conversationId, summary])).values()];
}

/** In one pass over the Summaries: there may be many, and many clusters. */
function gathered(clusters: readonly TagCluster[], seen: readonly SummarySeen[]): Found[] {
  const about = clusters.map((): SummarySeen[] => []);
  const clusterOf = new Map(clusters.flatMap((tags, at) => tags.map((tag) => [tag, at])));
  for (const summary of seen) {
    const mentioned = new Set(summary.tags.flatMap((tag) => clusterOf.get(tag) ?? []));
    for (const at of mentioned) about[at]?.push(summary);
  }
  return clusters.map((tags, at) => ({ tags, about: about[at] ?? [] }));
}

function trendsOf(found: readonly Found[], seen: readonly SummarySeen[], span: Span) {
  const middleMs = (Date.parse(span.from) + Date.parse(span.to)) / 2;
  const isEarlier = ({ at }: SummarySeen) => Date.parse(at) < middleMs;
  const halves = { earlier: seen.filter(isEarlier).length, all: seen.length };

  const tested = found.map(({ tags, about }) => {
    const successes = about.filter(isEarlier).length;
    const before = { successes, trials: halves.earlier };
    const after = { successes: about.length - successes, trials: halves.all - halves.earlier };
    return { tags, before, after, pValue: pValueOfDifference(before, after) };
  });
  const trends = new Map(
    discoveries(tested).map(({ finding, qValue }) => [finding.tags, trendOf(finding, qValue)]),
  );
  const areBoth = halves.earlier > 0 && halves.earlier < halves.all;
  return { tested: areBoth ? tested.length : 0, trends };
}

function trendOf(
  { before, after }: { readonly before: Proportion; readonly after: Proportion },
  qValue: number,
): TopicTrend {
  const shares = {
    before: before.successes / before.trials,
    after: after.successes / after.trials,
  };
  return { direction: shares.after > shares.before ? 'rising' : 'falling', ...shares, qValue };
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
