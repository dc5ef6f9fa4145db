import type { Kysely } from 'kysely';
import { toDatetime } from '../datetime.ts';
import { identityOf, type KeyedMessage } from '../keyed-message.ts';
import type { Database } from '../schema.ts';
import { type Entry, findLive } from './catalogue.ts';
import { keyAt, type NumberedRow, rowAt } from './columns.ts';
import { segmentCorrupt } from './faults.ts';
import type { ColdReader } from './footers.ts';
import {
  decodeGroup,
  decodeKeys,
  type GroupBytes,
  messageIdAt,
  type SegmentKeys,
} from './segment.ts';
import type { SegmentFooter } from './segment-footer.ts';

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
  await eachGroup(reader, db, sought, async ({ companyNo, isWanted, footer, nth, cut }) => {
    const columns = await decodeGroup(footer, nth, cut);
    for (const at of columns.conversationNos.keys()) {
      const row = isWanted(columns, at) ? rowAt(columns, at) : null;
      if (row) found.set(identityOf({ companyNo, key: row.message_id }), row);
    }
  });
  return found;
}

/** The same for who only wants to know which they are, by `identityOf`: no text is unpacked. */
export async function identitiesInCold(
  reader: ColdReader,
  db: Kysely<Database>,
  sought: readonly Sought[],
): Promise<Set<string>> {
  const found = new Set<string>();
  await eachGroup(reader, db, sought, async ({ companyNo, isWanted, footer, nth, cut }) => {
    const keys = await decodeKeys(footer, nth, cut);
    for (const at of keys.conversationNos.keys()) {
      if (!isWanted(keys, at)) continue;
      found.add(identityOf({ companyNo, key: keyAt(keys, at).message_id }));
    }
  });
  return found;
}

/** A row group that may hold some of them. */
interface Candidates {
  readonly companyNo: number;
  /** Whether the nth of its Messages is one of them. */
  isWanted(keys: SegmentKeys, at: number): boolean;
  readonly footer: SegmentFooter;
  readonly nth: number;
  readonly cut: GroupBytes;
}

async function eachGroup(
  reader: ColdReader,
  db: Kysely<Database>,
  sought: readonly Sought[],
  look: (candidates: Candidates) => Promise<void>,
): Promise<void> {
  for (const [companyNo, own] of Map.groupBy(sought, (one) => one.companyNo)) {
    const times = own.map(({ message }) => toDatetime(message.createdAt)).toSorted();
    const span = { since: times.at(0) ?? null, until: times.at(-1) ?? null };
    for (const segment of await findLive(db, { companyNo, ...span })) {
      const candidates = own.filter((one) => isInReach(one, segment));
      if (candidates.length > 0) await eachOfSegment(reader, segment, candidates, look);
    }
  }
}

function isInReach({ conversationNo, message: { createdAt } }: Sought, segment: Entry): boolean {
  const isThen = createdAt >= segment.firstCreatedAt && createdAt <= segment.lastCreatedAt;
  const { firstConversationNo, lastConversationNo } = segment;
  return isThen && conversationNo >= firstConversationNo && conversationNo <= lastConversationNo;
}

async function eachOfSegment(
  { store, footers }: ColdReader,
  segment: Entry,
  sought: readonly Sought[],
  look: (candidates: Candidates) => Promise<void>,
): Promise<void> {
  const footer = await footers.of(segment);
  const wanted = new Set(sought.map(placeOf));
  const conversationNos = new Set(sought.map((one) => one.conversationNo));
  const isWanted = (keys: SegmentKeys, at: number) => {
    const no = keys.conversationNos[at] ?? 0;
    return conversationNos.has(no) && wanted.has(placeAt(keys, at));
  };
  for (const [nth, group] of footer.groups.entries()) {
    const { startByte: from, endByte: to, firstConversationNo, lastConversationNo } = group;
    const mayHold = [...conversationNos].some(
      (no) => no >= firstConversationNo && no <= lastConversationNo,
    );
    if (!mayHold) continue;
    const bytes = await store.read(segment.objectKey, { from, to });
    const { companyNo } = segment;
    await look({ companyNo, isWanted, footer, nth, cut: { bytes, from } }).catch(() => {
      throw segmentCorrupt(segment.objectKey, 'a row group cannot be decoded');
    });
  }
}

function placeOf({ conversationNo, message, key }: Sought): string {
  return `${conversationNo} ${Date.parse(message.createdAt)} ${key.toString('latin1')}`;
}

function placeAt(keys: SegmentKeys, at: number): string {
  const id = Buffer.from(messageIdAt(keys.messageIds, at)).toString('latin1');
  return `${keys.conversationNos[at]} ${keys.createdAtMs[at]} ${id}`;
}
