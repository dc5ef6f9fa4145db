import type { Selectable } from 'kysely';
import type { Summary } from '../../domain/summary.ts';
import { fromDatetime, toDatetime } from '../datetime.ts';
import type { SummariesTable } from '../schema.ts';
import type { SummaryPlace } from './place.ts';

type SummaryRow = Selectable<SummariesTable>;

/** As the latest version. */
export function toRow(place: SummaryPlace, summary: Summary): SummaryRow {
  const { sentiment, upTo, tokens } = summary;
  return {
    ...place,
    version: summary.version,
    is_latest: 1,
    made_at: toDatetime(summary.madeAt),
    model: summary.model,
    prompt_version: summary.promptVersion,
    up_to_at: toDatetime(upTo.createdAt),
    up_to_message_id: upTo.messageId,
    message_count: summary.messageCount,
    duration_minutes: summary.durationMinutes,
    language: summary.language,
    sentiment: sentiment.label,
    sentiment_score: sentiment.score,
    course: JSON.stringify(sentiment.course),
    tags: JSON.stringify(summary.tags),
    key_points: JSON.stringify(summary.keyPoints),
    summary: summary.summary,
    tokens_input: tokens.input,
    tokens_output: tokens.output,
    cost_micros: summary.costMicros,
  };
}

export function toSummary(row: SummaryRow, conversationId: string): Summary {
  return {
    conversationId,
    version: row.version,
    summary: row.summary,
    keyPoints: JSON.parse(row.key_points) as Summary['keyPoints'],
    sentiment: {
      label: row.sentiment,
      score: row.sentiment_score,
      course: JSON.parse(row.course) as number[],
    },
    tags: JSON.parse(row.tags) as string[],
    language: row.language,
    messageCount: row.message_count,
    durationMinutes: row.duration_minutes,
    upTo: { messageId: row.up_to_message_id, createdAt: fromDatetime(row.up_to_at) },
    madeAt: fromDatetime(row.made_at),
    model: row.model,
    promptVersion: row.prompt_version,
    tokens: { input: row.tokens_input, output: row.tokens_output },
    costMicros: Number(row.cost_micros),
  };
}
