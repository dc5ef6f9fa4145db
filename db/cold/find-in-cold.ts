import type { Kysely } from 'kysely';
import { toDatetime } from '../datetime.ts';
import { identityOf, type KeyedMessage } from '../keyed-message.ts';
import type { Database } from '../schema.ts';
import { type Entry, findLive } from './catalogue.ts';
import { type NumberedRow, rowAt } from './columns.ts';
import { segmentCorrupt } from './faults.ts';
import type { ColdReader } from './footers.ts';
import { decodeGroup } from './segment.ts';

/** What one looks for: the whole key of a Message. */
export type Sought = Pick<KeyedMessage, 'companyNo' | 'conversationNo' | 'key' | 'message'>;

/**
 * Those of some Messages that the cold tier has, under the createdAt they carry.
 *
 * @returns Their rows, by `identityOf`.
 * @throws PipelineError `COLD_UNREACHABLE`; `SEGMENT_CORRUPT` or `OBJECT_MISSING` if that cannot be told.
 */
export async function findInCold(
  reader: ColdReader,
  db: Kysely<Database>,
  sought: readonly Sought[],
): Promise<Map<string, NumberedRow>> {
  const found = new Map<string, NumberedRow>();
  for (const [companyNo, own] of Map.groupBy(sought, (one) => one.companyNo)) {
    const times = own.map(({ message }) => toDatetime(message.createdAt)).toSorted();
    const span = { since: times.at(0) ?? null, until: times.at(-1) ?? null };
    for (const segment of await findLive(db, { companyNo, ...span })) {
      const candidates = own.filter((one) => isInReach(one, segment));
      for (const row of await findInSegment(reader, segment, candidates)) {
        found.set(identityOf({ companyNo, key: row.message_id }), row);
      }
    }
  }
  return found;
}

function isInReach({ conversationNo, message: { createdAt } }: Sought, segment: Entry): boolean {
  const isThen = createdAt >= segment.firstCreatedAt && createdAt <= segment.lastCreatedAt;
  const { firstConversationNo, lastConversationNo } = segment;
  return isThen && conversationNo >= firstConversationNo && conversationNo <= lastConversationNo;
}

async function findInSegment(
  { store, footers }: ColdReader,
  segment: Entry,
  sought: readonly Sought[],
): Promise<NumberedRow[]> {
  if (sought.length === 0) return [];
  const footer = await footers.of(segment);
  const wanted = new Set(sought.map(placeOf));
  const conversationNos = new Set(sought.map((one) => one.conversationNo));
  const found: NumberedRow[] = [];
  for (const [nth, group] of footer.groups.entries()) {
    const { startByte: from, endByte: to, firstConversationNo, lastConversationNo } = group;
    const mayHold = [...conversationNos].some(
      (no) => no >= firstConversationNo && no <= lastConversationNo,
    );
    if (!mayHold) continue;
    const bytes = await store.read(segment.objectKey, { from, to });
    const columns = await decodeGroup(footer, nth, { bytes, from }).catch(() => {
      throw segmentCorrupt(segment.objectKey, 'a row group cannot be decoded');
    });
    for (const [at, no] of columns.conversationNos.entries()) {
      if (!conversationNos.has(no)) continue;
      const row = rowAt(columns, at);
      const key = row.message_id.toString('hex');
      if (wanted.has(`${no} ${row.created_at} ${key}`)) found.push(row);
    }
  }
  return found;
}

function placeOf({ conversationNo, message, key }: Sought): string {
  return `${conversationNo} ${toDatetime(message.createdAt)} ${key.toString('hex')}`;
}
