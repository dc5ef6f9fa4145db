import type { Message } from '../domain/message.ts';
import { instantOf } from '../domain/instant.ts';
import type { FoundPatterns } from '../domain/patterns/request.ts';
import type { MessageStats } from '../domain/stats.ts';
import type { Summary } from '../domain/summary.ts';
import { dayToCount } from '../domain/usage.ts';
import { summarizeConversation } from '../workers/summarize.ts';
import type { Installation } from './installation.ts';
import { PLANTED_DAYS, type PlantedHistory } from './planted-history.ts';
import { comparePlantings } from './plantings.ts';
import { openProgress } from './progress.ts';

/** What the demo's Messages show. */
export interface Insights {
  readonly stats: readonly CompanyStats[];
  /** A Portuguese and an English one. */
  readonly summaries: readonly ToldConversation[];
  /** How many Conversations have one. */
  readonly summarized: number;
  /** Of the Company that has a history; null if they were interrupted. */
  readonly patterns: (FoundPatterns & { readonly companyId: string }) | null;
  readonly planted: ReturnType<typeof comparePlantings>;
}

export interface CompanyStats extends Omit<MessageStats, 'buckets'> {
  readonly companyId: string;
}

interface ToldConversation extends Summary {
  readonly companyId: string;
}

type Conversations = readonly (readonly Message[])[];

/** What is needed of an Installation. */
type House = Pick<Installation, 'wiring' | 'config'>;

interface Gathering {
  readonly played: Conversations;
  readonly history: PlantedHistory;
  readonly signal: AbortSignal;
}

/** Whose Summaries are shown, by how their ids begin. */
const SHOWN = ['pt-014-', 'en-002-'];

/**
 * Has all counted, summarized and looked through, as the Fleet would within the next night; here, so
 * that one sees how far it is.
 */
export async function gatherInsights(
  house: House,
  { played, history, signal }: Gathering,
): Promise<Insights> {
  const conversations = [...played, ...history.conversations];
  const companyIds = [...new Set(conversations.flatMap(([first]) => first?.companyId ?? []))];
  await countAll(house, companyIds, signal);
  const summarized = await summarizeAll(house, { conversations, signal });
  const patterns = signal.aborted ? null : await lookForPatterns(house, history, signal);
  return {
    stats: await readStats(house, companyIds),
    summaries: await readShown(house, played),
    summarized,
    patterns: patterns && { companyId: history.companyId, ...patterns },
    planted: patterns ? comparePlantings(history, patterns) : [],
  };
}

const COUNTING_MS_MAX = 60_000;

/** The days that are over are those that differ from the Ledger; the current one always may. */
async function countAll(
  { wiring: { deps } }: House,
  companyIds: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const today = dayToCount(instantOf(Date.now()).slice(0, 10));
  const wanted = companyIds.map((companyId) => ({ companyId, span: today }));
  for await (const one of deps.findUncounted({ isTodayMeant: false }, signal)) {
    if (companyIds.includes(one.companyId)) wanted.push(one);
  }
  const until = Date.now() + COUNTING_MS_MAX;
  const progress = openProgress({ label: 'counting', unit: 'days', total: wanted.length });
  try {
    for (const one of wanted) {
      if (signal.aborted || Date.now() > until) return;
      await deps.recount(one, signal);
      progress.advance(1);
    }
  } finally {
    progress.end();
  }
}

const SUMMARIZED_AT_ONCE = 4;
const SUMMARIZING_MS_MAX = 50_000;
/** A language model takes its time, and may cost something. */
const SUMMARIES_BY_MODEL_MAX = 10;

/** @returns How many were summarized; what is left is due in the night. */
async function summarizeAll(
  { wiring, config }: House,
  { conversations, signal }: { conversations: Conversations; signal: AbortSignal },
): Promise<number> {
  const inOrder = shownFirst(conversations);
  const wanted = config.llm ? inOrder.slice(0, SUMMARIES_BY_MODEL_MAX) : inOrder;
  const until = Date.now() + SUMMARIZING_MS_MAX;
  const waiting = wanted.values();
  const progress = openProgress({
    label: 'summarizing',
    unit: 'conversations',
    total: wanted.length,
  });
  let summarized = 0;

  async function summarizeOneAfterAnother(): Promise<void> {
    for (const { companyId, conversationId } of waiting) {
      if (signal.aborted || Date.now() > until) return;
      await summarizeConversation({ companyId, conversationId }, wiring.deps, signal);
      summarized += 1;
      progress.advance(1);
    }
  }

  try {
    await Promise.all(Array.from({ length: SUMMARIZED_AT_ONCE }, summarizeOneAfterAnother));
  } finally {
    progress.end();
  }
  return summarized;
}

/** Then from the newest to the oldest. */
function shownFirst(conversations: Conversations): Message[] {
  const firsts = conversations.flatMap(([first]) => first ?? []);
  return firsts.toSorted(
    (a, b) =>
      Number(isShown(b)) - Number(isShown(a)) || Date.parse(b.createdAt) - Date.parse(a.createdAt),
  );
}

const isShown = ({ conversationId }: Pick<Message, 'conversationId'>) =>
  SHOWN.some((id) => conversationId.startsWith(id));

async function lookForPatterns(
  { wiring }: House,
  { companyId, timeZone }: PlantedHistory,
  signal: AbortSignal,
): Promise<FoundPatterns | null> {
  const wanted = { companyId, days: PLANTED_DAYS, timeZone };
  try {
    await wiring.deps.keepPatterns(wanted, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return (await wiring.readPatterns(wanted))?.found ?? null;
}

async function readStats(
  { wiring, config: { timeZone } }: House,
  companyIds: readonly string[],
): Promise<CompanyStats[]> {
  const stats: CompanyStats[] = [];
  for (const companyId of companyIds) {
    // Two more: the oldest sample begins an hour earlier, and either begins within a day.
    const days = PLANTED_DAYS + 2;
    const { buckets: _, ...all } = await wiring.getMessageStats({
      companyId,
      days,
      timeZone,
      by: 'day',
    });
    stats.push({ companyId, ...all });
  }
  return stats;
}

async function readShown({ wiring }: House, played: Conversations): Promise<ToldConversation[]> {
  const told: ToldConversation[] = [];
  for (const { companyId, conversationId } of played.flatMap(([first]) => first ?? [])) {
    if (!isShown({ conversationId })) continue;
    const state = await wiring.readSummary({ companyId, conversationId });
    if (state?.summary) told.push({ companyId, ...state.summary });
  }
  return told;
}
