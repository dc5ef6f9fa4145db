import type { Kysely } from 'kysely';
import type { Instant } from '../../domain/instant.ts';
import { type SummaryState, SUMMARY_VERSIONS_MAX } from '../../domain/summary.ts';
import { readConversation } from '../conversations.ts';
import { fromDatetime } from '../datetime.ts';
import type { Names } from '../names.ts';
import type { Database } from '../schema.ts';
import { readFailure } from './failures.ts';
import { placeOf } from './place.ts';
import { toSummary } from './summary-row.ts';

interface Deps {
  readonly db: Kysely<Database>;
  readonly names: Names;
}

export interface SummaryWanted {
  readonly companyId: string;
  readonly conversationId: string;
  /** Absent: the latest. */
  readonly version?: number | undefined;
}

/** @returns Null if there is no such Conversation. */
export async function readSummary(deps: Deps, wanted: SummaryWanted): Promise<SummaryState | null> {
  const place = await placeOf(deps, wanted);
  // First: what is said between the two looks then makes no Summary stale that knows of it.
  const conversation = place && (await readConversation(deps.db, place.conversation_no));
  if (!conversation) return null;
  const { version } = wanted;
  const row = await deps.db
    .selectFrom('summaries')
    .selectAll()
    .where('company_no', '=', place.company_no)
    .where('conversation_no', '=', place.conversation_no)
    .$if(version !== undefined, (query) => query.where('version', '=', version ?? 0))
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!row) return { conversation, summary: null, failure: await readFailure(deps.db, place) };
  return { conversation, summary: toSummary(row, wanted.conversationId), failure: null };
}

/** A version of a Summary, as lists show it. */
export interface SummaryVersion {
  readonly version: number;
  readonly madeAt: Instant;
  readonly model: string;
  readonly promptVersion: number;
  readonly messageCount: number;
}

/** The latest first. Null if there is no such Conversation. */
export async function listSummaryVersions(
  deps: Deps,
  wanted: { companyId: string; conversationId: string },
): Promise<SummaryVersion[] | null> {
  const place = await placeOf(deps, wanted);
  if (!place || !(await readConversation(deps.db, place.conversation_no))) return null;
  const rows = await deps.db
    .selectFrom('summaries')
    .select(['version', 'made_at', 'model', 'prompt_version', 'message_count'])
    .where('company_no', '=', place.company_no)
    .where('conversation_no', '=', place.conversation_no)
    .orderBy('version', 'desc')
    .limit(SUMMARY_VERSIONS_MAX)
    .execute();
  return rows.map((row) => ({
    version: row.version,
    madeAt: fromDatetime(row.made_at),
    model: row.model,
    promptVersion: row.prompt_version,
    messageCount: row.message_count,
  }));
}
