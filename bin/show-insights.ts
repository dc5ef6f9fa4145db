import { durationOf } from './duration.ts';
import type { CompanyStats, Insights } from './insights.ts';
import { printable } from './printable.ts';
import { showPatterns } from './show-patterns.ts';
import { table } from './table.ts';

/** Statistics, Summaries and patterns, for people. */
export function showInsights({ stats, summaries, patterns, planted }: Insights): string {
  return [
    showStats(stats),
    ...summaries.map(showSummary),
    ...(patterns ? [`patterns of ${patterns.companyId}\n${showPatterns(patterns)}`] : []),
    table(
      ['planted', 'found'],
      planted.map(({ sentence, isFound }) => [printable(sentence), isFound ? 'yes' : 'no']),
    ),
  ].join('\n\n');
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

/** They are sentences of the summary; a few tell how they look. */
const KEY_POINTS_SHOWN = 2;

function showSummary(told: Insights['summaries'][number]): string {
  const { label, score } = told.sentiment;
  const lines = [
    `${told.conversationId} of ${told.companyId}, ${told.messageCount} messages in ${told.language}`,
    told.summary,
    ...told.keyPoints.slice(0, KEY_POINTS_SHOWN).map(({ text }) => `- ${text}`),
    `sentiment ${label} (${score}); tags: ${told.tags.join(', ')}`,
  ];
  return printable(lines.join('\n'));
}
