import { type Kysely, sql } from 'kysely';
import { instantOf } from '../../domain/instant.ts';
import type { SummaryFailure } from '../../domain/summary.ts';
import { fromDatetime, toDatetime } from '../datetime.ts';
import type { Names } from '../names.ts';
import type { Database } from '../schema.ts';
import { placeOf, type SummaryPlace } from './place.ts';

interface Deps {
  readonly db: Kysely<Database>;
  readonly names: Names;
}

/** A Conversation of which no Summary could be made. */
export interface FailedSummary extends Pick<SummaryFailure, 'code' | 'messageCount'> {
  readonly companyId: string;
  readonly conversationId: string;
}

/** Takes the place of what failed before. */
export async function noteFailure(deps: Deps, failed: FailedSummary, nowMs: number): Promise<void> {
  const place = await placeOf(deps, failed);
  if (!place) return;
  const failedAt = toDatetime(instantOf(nowMs));
  await sql`
    insert into summary_failures (company_no, conversation_no, code, message_count, failed_at)
    values (${place.company_no}, ${place.conversation_no}, ${failed.code},
      ${failed.messageCount}, ${failedAt})
    on duplicate key update code = values(code), message_count = values(message_count),
      failed_at = values(failed_at)`.execute(deps.db);
}

/** Whoever asks for a Summary all the same waits for a new attempt, and is not told of the last. */
export async function forgetFailure(
  deps: Deps,
  wanted: { companyId: string; conversationId: string },
): Promise<void> {
  const place = await placeOf(deps, wanted);
  if (!place) return;
  await deps.db
    .deleteFrom('summary_failures')
    .where('company_no', '=', place.company_no)
    .where('conversation_no', '=', place.conversation_no)
    .execute();
}

export async function readFailure(
  db: Kysely<Database>,
  place: SummaryPlace,
): Promise<SummaryFailure | null> {
  const row = await db
    .selectFrom('summary_failures')
    .select(['code', 'message_count', 'failed_at'])
    .where('company_no', '=', place.company_no)
    .where('conversation_no', '=', place.conversation_no)
    .executeTakeFirst();
  if (!row) return null;
  const { code, message_count: messageCount, failed_at: failedAt } = row;
  return { code, messageCount, failedAt: fromDatetime(failedAt) };
}
