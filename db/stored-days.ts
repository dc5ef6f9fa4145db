import type { Kysely } from 'kysely';
import { messageIdOf } from '../domain/message-id.ts';
import type { Printed } from '../domain/message-print.ts';
import { findLive } from './cold/catalogue.ts';
import { type NumberedRow, rowAt } from './cold/columns.ts';
import { coldUnconfigured } from './cold/faults.ts';
import type { Cold } from './cold/open-cold.ts';
import { readDays, spanOfDays } from './cold/read-days.ts';
import { segmentGroups } from './cold/walk-segment.ts';
import { fromDatetime } from './datetime.ts';
import { type MessageRow, messageColumns } from './message-row.ts';
import type { Names } from './names.ts';
import type { Database, Datetime } from './schema.ts';

export type StoredIn = 'hot' | 'warm' | 'cold';
export type OnStored = (tier: StoredIn, message: Printed) => void;

interface Deps {
  readonly db: Kysely<Database>;
  readonly names: Names;
  readonly cold: Cold;
}

/**
 * Reads all that is stored of a Company on some UTC days, out of every tier from the top down: what
 * moves meanwhile may be seen twice, but is never missed.
 *
 * @param days Sorted. Messages of days between them may be given, too.
 */
export async function readStoredDays(
  deps: Deps,
  { companyId, days }: { companyId: string; days: readonly string[] },
  onStored: OnStored,
): Promise<void> {
  const companyNo = await deps.names.companyNo(companyId);
  const [firstDay, lastDay] = [days.at(0), days.at(-1)];
  if (companyNo === null || firstDay === undefined || lastDay === undefined) return;
  const span = { companyNo, ...spanOfDays({ firstDay, lastDay }) };
  for await (const rows of readHotSpan(deps.db, span)) {
    for (const row of rows) onStored('hot', toPrinted(row));
  }
  for await (const rows of readDays(deps.db, { companyNo, firstDay, lastDay })) {
    for (const row of rows) onStored('warm', toPrinted(row));
  }
  await readColdSpan(deps, span, (row) => onStored('cold', toPrinted(row)));
}

interface Span {
  readonly companyNo: number;
  readonly from: Datetime;
  /** Not part of it. */
  readonly to: Datetime;
}

const ROWS_PER_QUERY_MAX = 4_096;

async function* readHotSpan(
  db: Kysely<Database>,
  { companyNo, from, to }: Span,
): AsyncGenerator<readonly MessageRow[]> {
  let last: MessageRow | undefined;
  for (;;) {
    const after = last;
    let query = messageColumns(db, { table: 'messages_hot', index: 'messages_hot_by_company' })
      .where('message.company_no', '=', companyNo)
      .where('message.created_at', '>=', after?.created_at ?? from)
      .where('message.created_at', '<', to);
    if (after) {
      query = query.where((eb) =>
        eb.or([
          eb('message.created_at', '>', after.created_at),
          eb('message.message_id', '>', after.message_id),
        ]),
      );
    }
    const rows: MessageRow[] = await query
      .orderBy('message.created_at')
      .orderBy('message.message_id')
      .limit(ROWS_PER_QUERY_MAX)
      .execute();
    yield rows;
    if (rows.length < ROWS_PER_QUERY_MAX) return;
    last = rows.at(-1);
  }
}

async function readColdSpan(
  { db, cold }: Deps,
  { companyNo, from, to }: Span,
  onRow: (row: NumberedRow) => void,
): Promise<void> {
  const segments = await findLive(db, { companyNo, since: from, until: to });
  if (segments.length === 0) return;
  if (cold === null) throw coldUnconfigured();
  for (const segment of segments) {
    for await (const columns of segmentGroups(cold, segment)) {
      for (const at of columns.conversationNos.keys()) onRow(rowAt(columns, at));
    }
  }
}

function toPrinted(row: MessageRow): Printed {
  return {
    messageId: messageIdOf(row.message_id, row.external_id),
    conversationId: row.conversation_id ?? '',
    clientId: row.client_id ?? '',
    role: row.role,
    content: row.content,
    createdAt: fromDatetime(row.created_at),
    metadata: row.metadata,
  };
}
