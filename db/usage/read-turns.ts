import { CompiledQuery, type Kysely } from 'kysely';
import type { Turn } from '../../domain/usage.ts';
import { type Entry, findLive } from '../cold/catalogue.ts';
import { timeOf } from '../datetime.ts';
import type { Database, Datetime } from '../schema.ts';
import { inSnapshot } from './snapshot.ts';

/** A Turn, with what it is known by. */
export interface KnownTurn extends Turn {
  readonly conversationNo: number;
  readonly messageId: Buffer;
}

/** Some Conversations of a Company between two moments, of which `to` is not part. */
export interface TurnsWanted {
  readonly companyNo: number;
  readonly conversationNos: readonly number[];
  readonly from: Datetime;
  readonly to: Datetime;
}

/** What is in MySQL of them, in no order, and the Segments that may hold more. */
export function readTurns(
  db: Kysely<Database>,
  wanted: TurnsWanted,
): Promise<{ turns: KnownTurn[]; segments: Entry[] }> {
  const { companyNo, conversationNos, from, to } = wanted;
  return inSnapshot(db, wanted, async (snapshot) => {
    const select = (statement: string) =>
      snapshot.db.executeQuery<TurnRow>(
        CompiledQuery.raw(statement, [companyNo, conversationNos, from, to]),
      );
    const hot = await select(SELECT.hot);
    const warm = snapshot.isInWarm ? await select(SELECT.warm) : { rows: [] };
    const segments = snapshot.isInCold
      ? await findLive(snapshot.db, { companyNo, since: from, until: to })
      : [];
    return { turns: [...hot.rows, ...warm.rows].map(toTurn), segments };
  });
}

interface TurnRow {
  readonly no: number;
  readonly at: Datetime;
  readonly id: Buffer;
  readonly client: number;
  readonly role: Turn['role'];
  /** A big integer to MySQL, so it comes as text. */
  readonly bytes: number | string;
}

const SELECT = { hot: selectFrom('messages_hot'), warm: selectFrom('messages_warm') };

/** By the clustered key: a Conversation's Messages lie side by side. No text leaves the server. */
function selectFrom(table: string): string {
  return `select conversation_no as no, created_at as at, message_id as id, client_no as client, role,
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

function compareTurns(a: KnownTurn, b: KnownTurn): number {
  return a.atMs - b.atMs || Buffer.compare(a.messageId, b.messageId);
}
