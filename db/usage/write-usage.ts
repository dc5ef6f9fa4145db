import { CompiledQuery, type Kysely } from 'kysely';
import type { HourUsage } from '../../domain/usage.ts';
import type { Database } from '../schema.ts';

export interface ConversationUsage extends HourUsage {
  readonly conversationNo: number;
  /** How many Messages the Conversation has in all. */
  readonly known: number;
}

const ROWS_PER_STATEMENT_MAX = 1_000;

/**
 * Puts what was counted now in the place of what was counted before, unless that knew of more Messages:
 * whoever reads early and writes late takes nothing back, so that any number may count at once.
 */
export async function writeUsage(
  db: Kysely<Database>,
  companyNo: number,
  usages: readonly ConversationUsage[],
): Promise<void> {
  const rows = usages.map((usage) => toValues(companyNo, usage));
  for (let at = 0; at < rows.length; at += ROWS_PER_STATEMENT_MAX) {
    const some = rows.slice(at, at + ROWS_PER_STATEMENT_MAX);
    await db.executeQuery(CompiledQuery.raw(WRITE, [some]));
  }
}

const COUNTED = [
  'user_count',
  'bot_count',
  'agent_count',
  'system_count',
  'content_bytes',
  'is_opened',
  'last_role',
  'first_wait_ms',
  'waits',
];

const WRITE = `insert into conversation_usage
  (company_no, hour_no, conversation_no, client_no, ${COUNTED.join(', ')}, known) values ?
  on duplicate key update ${COUNTED.map(unlessMoreIsKnown).join(', ')},
    known = greatest(known, values(known))`; // Last: the others look at it as it was.

function unlessMoreIsKnown(column: string): string {
  return `${column} = if(values(known) >= known, values(${column}), ${column})`;
}

function toValues(companyNo: number, usage: ConversationUsage): unknown[] {
  const { hourNo, conversationNo, clientNo, messages } = usage;
  return [
    companyNo,
    hourNo,
    conversationNo,
    clientNo,
    messages.user,
    messages.bot,
    messages.agent,
    messages.system,
    usage.bytes,
    usage.isOpened ? 1 : 0,
    usage.lastRole,
    usage.firstWaitMs,
    toBytes(usage.waitsMs),
    usage.known,
  ];
}

function toBytes(waitsMs: readonly number[]): Buffer | null {
  if (waitsMs.length === 0) return null;
  const bytes = Buffer.alloc(waitsMs.length * 4);
  for (const [at, waitMs] of waitsMs.entries()) bytes.writeUInt32LE(waitMs, at * 4);
  return bytes;
}

/** The milliseconds that `waits` of a row holds. */
export function waitsOf(bytes: Buffer | null): number[] {
  const count = (bytes?.length ?? 0) / 4;
  return Array.from({ length: count }, (_, at) => bytes?.readUInt32LE(at * 4) ?? 0);
}

/**
 * A late Message became the first of its Conversation, which was taken to begin later: it no longer
 * does.
 *
 * @param opened Conversations, the hours in which they begin, and the Clients who may have begun them.
 * @returns The hours in which they did before.
 */
export async function closeLater(
  db: Kysely<Database>,
  companyNo: number,
  opened: readonly { conversationNo: number; clientNos: readonly number[]; hourNo: number }[],
): Promise<number[]> {
  const hourNos: number[] = [];
  for (const { conversationNo, clientNos, hourNo } of opened) {
    const later = await db
      .selectFrom('conversation_usage')
      .select('hour_no')
      .where('client_no', 'in', clientNos)
      .where('hour_no', '>', hourNo)
      .where('company_no', '=', companyNo)
      .where('conversation_no', '=', conversationNo)
      .where('is_opened', '=', 1)
      .execute();
    for (const { hour_no: laterNo } of later) {
      await db
        .updateTable('conversation_usage')
        .set({ is_opened: 0 })
        .where('company_no', '=', companyNo)
        .where('hour_no', '=', laterNo)
        .where('conversation_no', '=', conversationNo)
        .execute();
      hourNos.push(laterNo);
    }
  }
  return hourNos;
}
