import type { Kysely } from 'kysely';
import { type Instant, instantOf } from '../../domain/instant.ts';
import { type Summary, SUMMARY_VERSIONS_MAX } from '../../domain/summary.ts';
import { toDatetime } from '../datetime.ts';
import { faultKind } from '../faults.ts';
import type { Names } from '../names.ts';
import { retryDeadlocks } from '../retry-deadlocks.ts';
import type { Database } from '../schema.ts';
import { placeOf, type SummaryPlace } from './place.ts';
import { toRow } from './summary-row.ts';

/** So long a version stays, however many came after it: its tokens count against the day's. */
const COUNTED_MS = 24 * 60 * 60_000;

/**
 * Keeps a Summary as the latest version. Whoever made it read the version before it, so of two that
 * were made at once, of the same Messages or not, one is kept: the first.
 *
 * @returns Whether it was this one.
 */
export async function keepSummary(
  deps: { db: Kysely<Database>; names: Names },
  companyId: string,
  summary: Summary,
): Promise<boolean> {
  const { conversationId } = summary;
  const place = await placeOf(deps, { companyId, conversationId });
  if (!place) throw new Error('a Summary was made of a Conversation that there is not');
  try {
    await retryDeadlocks(() =>
      deps.db.transaction().execute((transaction) => insertVersion(transaction, place, summary)),
    );
    return true;
  } catch (error) {
    if (faultKind(error) === 'duplicate') return false;
    throw error;
  }
}

async function insertVersion(
  transaction: Kysely<Database>,
  place: SummaryPlace,
  summary: Summary,
): Promise<void> {
  await transaction.insertInto('summaries').values(toRow(place, summary)).execute();
  await transaction
    .updateTable('summaries')
    .set({ is_latest: 0 })
    .where('company_no', '=', place.company_no)
    .where('conversation_no', '=', place.conversation_no)
    .where('version', '<', summary.version)
    .where('is_latest', '=', 1)
    .execute();
  await transaction
    .deleteFrom('summaries')
    .where('company_no', '=', place.company_no)
    .where('conversation_no', '=', place.conversation_no)
    .where('version', '<=', summary.version - SUMMARY_VERSIONS_MAX)
    .where('made_at', '<', toDatetime(earlier(summary.madeAt, COUNTED_MS)))
    .execute();
}

const earlier = (instant: Instant, ms: number) => instantOf(Date.parse(instant) - ms);
