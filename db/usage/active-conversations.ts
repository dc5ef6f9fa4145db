import type { Kysely } from 'kysely';
import type { CountSpan } from '../../domain/usage.ts';
import { findLive } from '../cold/catalogue.ts';
import { coldUnconfigured } from '../cold/faults.ts';
import type { Cold } from '../cold/open-cold.ts';
import { segmentKeys } from '../cold/walk-segment.ts';
import { toDatetime } from '../datetime.ts';
import type { Database } from '../schema.ts';
import { inSnapshot } from './snapshot.ts';
import { bucketOf } from '../warm-activity.ts';

/** The Conversations that spoke in a span, in order of their numbers, and possibly some more. */
export async function activeConversations(
  { db, cold }: { db: Kysely<Database>; cold: Cold },
  { companyNo, span }: { companyNo: number; span: CountSpan },
): Promise<number[]> {
  const [from, to] = [toDatetime(span.from), toDatetime(span.to)];
  const { nos, segments } = await inSnapshot(db, { companyNo, from }, async (snapshot) => ({
    nos: [
      ...(await inHot(snapshot.db, companyNo, span)),
      ...(snapshot.isInWarm ? await inWarm(snapshot.db, companyNo, span) : []),
    ],
    segments: snapshot.isInCold
      ? await findLive(snapshot.db, { companyNo, since: from, until: to })
      : [],
  }));
  const found = new Set(nos);
  const [fromMs, toMs] = [Date.parse(span.from), Date.parse(span.to)];
  for (const segment of segments) {
    if (cold === null) throw coldUnconfigured();
    for await (const { conversationNos, createdAtMs } of segmentKeys(cold, segment)) {
      for (const [at, no] of conversationNos.entries()) {
        const timeMs = createdAtMs[at] ?? 0;
        if (timeMs >= fromMs && timeMs < toMs) found.add(no);
      }
    }
  }
  return [...found].sort((a, b) => a - b);
}

/** From the index alone. */
async function inHot(db: Kysely<Database>, companyNo: number, { from, to }: CountSpan) {
  const rows = await db
    .selectFrom('messages_hot')
    .select('conversation_no')
    .distinct()
    .where('company_no', '=', companyNo)
    .where('created_at', '>=', toDatetime(from))
    .where('created_at', '<', toDatetime(to))
    .execute();
  return rows.map((row) => row.conversation_no);
}

async function inWarm(db: Kysely<Database>, companyNo: number, { from, to }: CountSpan) {
  const rows = await db
    .selectFrom('warm_activity')
    .select('conversation_no')
    .distinct()
    .where('company_no', '=', companyNo)
    .where('bucket_no', '>=', bucketOf(toDatetime(from)))
    .where('bucket_no', '<=', bucketOf(toDatetime(to)))
    .execute();
  return rows.map((row) => row.conversation_no);
}
