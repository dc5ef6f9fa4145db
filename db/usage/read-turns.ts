import { CompiledQuery, type Kysely } from 'kysely';
import type { Turn } from '../../domain/usage.ts';
import { type Entry, findLive } from '../cold/catalogue.ts';
import { timeOf } from '../datetime.ts';
import type { Database, Datetime } from '../schema.ts';
import { inSnapshot } from './snapshot.ts';

/** A Turn, with what it is known by. */
export interface KnownTurn extends Turn {
  readonly conversationNo: number;
  /** Null where the hot tier alone was read, which has each once, and in order. */
  readonly messageId: Buffer | null;
}

/** Some Conversations of a Company between two moments, of which `to` is not part. */
export interface TurnsWanted {
  readonly companyNo: number;
  readonly conversationNos: readonly number[];
  readonly from: Datetime;
  readonly to: Datetime;
}

/** What is in MySQL of them, and the Segments that may hold more. */
export function readTurns(
  db: Kysely<Database>,
  wanted: TurnsWanted,
): Promise<{ turns: KnownTurn[]; segments: Entry[] }> {
  const { companyNo, conversationNos, from, to } = wanted;
  return inSnapshot(db, wanted, async (snapshot) => {
    const select = async (statement: string) => {
      const query = CompiledQuery.raw(statement, [companyNo, conversationNos, from, to]);
      return (await snapshot.db.executeQuery<TurnRow>(query)).rows.map(toTurn);
    };
    // As nearly always: what is counted was said a moment ago.
    if (!snapshot.isInWarm && !snapshot.isInCold)
      return { turns: await select(SELECT.hotAlone), segments: [] };
    const hot = await select(SELECT.hot);
    const warm = await select(SELECT.warm);
    const segments = snapshot.isInCold
      ? await findLive(snapshot.db, { companyNo, since: from, until: to })
      : [];
    return { turns: [...hot, ...warm], segments };
  });
}

interface TurnRow {
  readonly no: number;
  readonly at: Datetime;
  readonly id: Buffer | null;
  readonly client: number;
  readonly role: Turn['role'];
  /** A big integer to MySQL, so it comes as text. */
  readonly bytes: number | string;
}

const SELECT = {
  hotAlone: `${selectFrom('messages_hot', 'null')} order by conversation_no, created_at, message_id`,
  hot: selectFrom('messages_hot', 'message_id'),
  warm: selectFrom('messages_warm', 'message_id'),
};

/** By the clustered key: a Conversation's Messages lie side by side. No text leaves the server. */
function selectFrom(table: string, id: string): string {
  return `select conversation_no as no, created_at as at, ${id} as id, client_no as client, role,
      octet_length(content) as bytes
    from ${table} force index (primary)
    where company_no = ? and conversation_no in (?) and created_at >= ? and created_at < ?`;
}

function toTurn({ no, at, id, client, role, bytes }: TurnRow): KnownTurn {
  return {
    conversationNo: no,
    atMs: timeOf(at),
    messageId: id,
    clientNo: client,
    role,
    bytes: Number(bytes),
  };
}

/**
 * Conversation by conversation, in page order. What stands in two tiers was being moved while we
 * looked, and is counted once (P3).
 */
export function byConversation(turns: readonly KnownTurn[]): Map<number, KnownTurn[]> {
  const conversations = Map.groupBy(turns, (turn) => turn.conversationNo);
  if (turns[0]?.messageId === null) return conversations;
  for (const [no, own] of conversations) {
    const ordered = own.toSorted(compareTurns);
    conversations.set(
      no,
      ordered.filter((turn, at) => {
        const before = ordered[at - 1];
        return before === undefined || compareTurns(before, turn) !== 0;
      }),
    );
  }
  return conversations;
}

const NONE = Buffer.alloc(0);

function compareTurns(a: KnownTurn, b: KnownTurn): number {
  return a.atMs - b.atMs || Buffer.compare(a.messageId ?? NONE, b.messageId ?? NONE);
}
