import { type Kysely, sql } from 'kysely';
import { instantOf } from '../../domain/instant.ts';
import { FAILURE_COUNTS_MS } from '../../domain/summary.ts';
import { toDatetime } from '../datetime.ts';
import type { Database, Datetime } from '../schema.ts';

/** A Conversation of which nothing, or not all, was said yet. */
export interface DueConversation {
  readonly companyId: string;
  readonly conversationId: string;
}

/** After so long it is taken to be over, for now. */
const QUIET_MS = 30 * 60_000;
/** Of one night. What is left is found again the next one. */
export const DUE_CONVERSATIONS_MAX = 50_000;
/** Of one Company, in one night: those behind have been quiet for long. */
const LOOKED_AT_MAX = 1_000_000;
const CONVERSATIONS_PER_QUERY_MAX = 1_000;

/**
 * Conversations that have Messages which their Summary does not know, and are quiet; those that spoke
 * last first. Not those of which none could be made lately, and in which nothing was said since. Only
 * Conversations are looked at, in the order of their index, and no Message.
 */
export async function findDueSummaries(
  db: Kysely<Database>,
  nowMs: number,
  limits = { dueMax: DUE_CONVERSATIONS_MAX, perQueryMax: CONVERSATIONS_PER_QUERY_MAX },
): Promise<DueConversation[]> {
  const quietSince = toDatetime(instantOf(nowMs - QUIET_MS));
  const failedSince = toDatetime(instantOf(nowMs - FAILURE_COUNTS_MS));
  const companies = await db
    .selectFrom('companies')
    .select(['company_no', 'company_id'])
    .orderBy('company_no')
    .execute();
  let due: Due[] = [];
  for (const { company_no: companyNo, company_id: companyId } of companies) {
    const company = { companyNo, companyId, quietSince, failedSince };
    const more = await findOfCompany(db, company, limits);
    due = [...due, ...more].toSorted(bySpeaking).slice(0, limits.dueMax);
  }
  return due.map(({ companyId, conversationId }) => ({ companyId, conversationId }));
}

interface Due extends DueConversation {
  readonly lastMessageAt: Datetime;
}

function bySpeaking(a: Due, b: Due): number {
  if (a.lastMessageAt === b.lastMessageAt) return 0;
  return a.lastMessageAt < b.lastMessageAt ? 1 : -1;
}

async function findOfCompany(
  db: Kysely<Database>,
  company: { companyNo: number; companyId: string; quietSince: Datetime; failedSince: Datetime },
  { dueMax, perQueryMax }: { dueMax: number; perQueryMax: number },
): Promise<Due[]> {
  const { companyId, companyNo, quietSince, failedSince } = company;
  const due: Due[] = [];
  let behind: Place = { lastMessageAt: quietSince, conversationNo: BEYOND_ALL };
  for (let lookedAt = 0; lookedAt < LOOKED_AT_MAX && due.length < dueMax;) {
    const looks = await lookAt(db, { companyNo, failedSince, behind, limit: perQueryMax });
    due.push(
      ...looks
        .filter(({ isDue }) => Number(isDue) === 1)
        .map(({ conversationId, lastMessageAt }) => ({ companyId, conversationId, lastMessageAt })),
    );
    const last = looks.at(-1);
    if (!last || looks.length < perQueryMax) break;
    behind = last;
    lookedAt += looks.length;
  }
  return due.slice(0, dueMax);
}

/** A place in the order of `conversations_by_activity`. */
interface Place {
  readonly lastMessageAt: Datetime;
  readonly conversationNo: number;
}

const BEYOND_ALL = 2 ** 32;

interface Look extends Place {
  readonly conversationId: string;
  readonly isDue: number | string;
}

async function lookAt(
  db: Kysely<Database>,
  wanted: { companyNo: number; failedSince: Datetime; behind: Place; limit: number },
): Promise<Look[]> {
  const { companyNo, failedSince, limit } = wanted;
  const { lastMessageAt, conversationNo } = wanted.behind;
  const { rows } = await sql<Look>`
    select conversation.conversation_no as conversationNo,
      conversation.conversation_id as conversationId,
      conversation.last_message_at as lastMessageAt,
      coalesce(summary.message_count, 0) < conversation.message_count
        and failure.company_no is null as isDue
    from conversations as conversation force index (conversations_by_activity)
    left join summaries as summary on summary.company_no = conversation.company_no
      and summary.conversation_no = conversation.conversation_no and summary.is_latest = 1
    left join summary_failures as failure on failure.company_no = conversation.company_no
      and failure.conversation_no = conversation.conversation_no
      and failure.message_count = conversation.message_count
      and failure.failed_at > ${failedSince}
    where conversation.company_no = ${companyNo}
      and conversation.last_message_at <= ${lastMessageAt}
      and (conversation.last_message_at < ${lastMessageAt}
        or conversation.conversation_no < ${conversationNo})
    order by conversation.last_message_at desc, conversation.conversation_no desc
    limit ${limit}`.execute(db);
  return rows;
}
