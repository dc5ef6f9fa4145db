import { durationOf } from './duration.ts';
import type { CompanyStats, Insights } from './insights.ts';
import { patternSentences, patternsWithout } from './pattern-sentences.ts';
import { printable } from './printable.ts';
import { table } from './table.ts';

/** Statistics, Summaries and patterns, for people. */
export function showInsights({ stats, summaries, patterns, planted }: Insights): string {
  return [
    showStats(stats),
    ...summaries.map(showSummary),
    ...(patterns ? [`patterns of ${patterns.companyId}`, showPatterns(patterns)] : []),
    table(
      ['planted', 'found'],
      planted.map(({ sentence, isFound }) => [printable(sentence), isFound ? 'yes' : 'no']),
    ),
  ].join('\n\n');
}

/** One line each, with the observations it rests on; then what there is too little for. */
export function showPatterns(patterns: Parameters<typeof patternSentences>[0]): string {
  const told = patternSentences(patterns).map(
    ({ sentence, observations }) =>
      `- ${sentence} (${observations.toLocaleString('en-US')} observations)`,
  );
  const without = patternsWithout(patterns);
  if (without.length > 0) told.push(`- too little to tell: ${without.join(', ')}`);
  return told.join('\n');
}

function showStats(stats: readonly CompanyStats[]): string {
  return table(
    ['company', 'user', 'bot', 'agent', 'conversations', 'clients', 'answered in: p50', 'p90'],
    stats.map(({ companyId, messages: { user, bot, agent }, waits, ...all }) => [
      printable(companyId),
      user,
      bot,
      agent,
      all.conversationsActive,
      all.clients,
      waitOf(waits.p50),
      waitOf(waits.p90),
    ]),
  );
}

const waitOf = (ms: number | null) => (ms === null ? '–' : durationOf(ms));

function showSummary(told: Insights['summaries'][number]): string {
  const { label, score } = told.sentiment;
  const lines = [
    `${told.conversationId} of ${told.companyId}, ${told.messageCount} messages in ${told.language}`,
    told.summary,
    ...told.keyPoints.map(({ text }) => `- ${text}`),
    `sentiment ${label} (${score}); tags: ${told.tags.join(', ')}`,
  ];
  return printable(lines.join('\n'));
}
