import type { Kysely } from 'kysely';
import { instantOf, HOUR_MS } from '../../domain/instant.ts';
import {
  type MessagesByRole,
  type MessageStats,
  noMessages,
  type Quantiles,
  type StatsBucket,
  type StatsRequest,
} from '../../domain/stats.ts';
import { bucketAt, edgesOf, type HourEdges } from '../../domain/stats-buckets.ts';
import { type WaitSketch, waitAtQuantile, newWaitSketch } from '../../domain/wait-sketch.ts';
import type { Cache } from '../cache/open.ts';
import type { Cached } from '../cache/reader.ts';
import { toDatetime } from '../datetime.ts';
import type { Names } from '../names.ts';
import type { Database } from '../schema.ts';
import { readClientCounts } from './client-stats.ts';
import { type Counted, type HourCounts, readCompanyCounts } from './company-stats.ts';

interface Deps {
  readonly db: Kysely<Database>;
  readonly names: Names;
  readonly cache: Cache;
}

/**
 * What is read is to be current to 60 s, and no count empties the cache: 50 s are gathered, a job
 * starts up to 5 s after them, and this is what is left, but for the count itself. Whoever asks again
 * at once, and many who ask together, still cost one read.
 */
const STATS_TTL_MS = 2_000;

/** The statistics as JSON bytes of a `MessageStats`. */
export function readStatsBytes(deps: Deps, request: StatsRequest, nowMs: number): Promise<Cached> {
  const { companyId, clientId = '', days, timeZone, by } = request;
  const name = `stats ${days} ${by} ${timeZone} ${clientId}`;
  return deps.cache.read({ companyId, name, ttlMs: STATS_TTL_MS }, async () =>
    Buffer.from(JSON.stringify(await readStats(deps, request, nowMs))),
  );
}

/**
 * What was said in some days up to now, from what was counted; current to within a minute.
 *
 * @param nowMs Milliseconds since 1970.
 */
export async function getMessageStats(
  deps: Deps,
  request: StatsRequest,
  nowMs: number,
): Promise<MessageStats> {
  const { bytes } = await readStatsBytes(deps, request, nowMs);
  return JSON.parse(bytes.toString()) as MessageStats;
}

async function readStats(deps: Deps, request: StatsRequest, nowMs: number): Promise<MessageStats> {
  const edges = edgesOf(request, nowMs);
  return { timeZone: request.timeZone, ...toStats(await readCounts(deps, request, edges), edges) };
}

async function readCounts(
  { db, names }: Deps,
  { companyId, clientId }: StatsRequest,
  edges: HourEdges,
): Promise<Counted> {
  const companyNo = await names.companyNo(companyId);
  if (companyNo === null) return NOTHING;
  const span = { companyNo, edges, from: toDatetime(momentOf(edges[0] ?? 0)) };
  if (clientId === undefined) return readCompanyCounts(db, span);
  const clientNo = await names.clientNo(companyNo, clientId);
  return clientNo === null ? NOTHING : readClientCounts(db, { ...span, clientNo });
}

const NO_QUANTILES: Quantiles = { count: 0, p50: null, p90: null, p99: null };
const NOTHING: Counted = {
  hours: [],
  distinct: { perBucket: [], all: { conversations: 0, clients: 0 } },
  waits: newWaitSketch(),
  firstWaits: newWaitSketch(),
  conversationMessages: NO_QUANTILES,
  conversationMinutes: NO_QUANTILES,
  sentiments: { negative: 0, neutral: 0, positive: 0 },
};

const momentOf = (hourNo: number) => instantOf(hourNo * HOUR_MS);

function toStats(counted: Counted, edges: HourEdges): Omit<MessageStats, 'timeZone'> {
  const { distinct, hours } = counted;
  return {
    from: momentOf(edges[0] ?? 0),
    to: momentOf(edges.at(-1) ?? 0),
    ...sumOf(hours),
    conversationsActive: distinct.all.conversations,
    clients: distinct.all.clients,
    waits: quantilesOf(counted.waits),
    firstWaits: quantilesOf(counted.firstWaits),
    conversationMessages: counted.conversationMessages,
    conversationMinutes: counted.conversationMinutes,
    sentiments: counted.sentiments,
    buckets: toBuckets(counted, edges),
  };
}

function toBuckets({ hours, distinct }: Counted, edges: HourEdges): StatsBucket[] {
  const byBucket = Map.groupBy(hours, ({ hourNo }) => bucketAt(edges, hourNo));
  return edges.slice(0, -1).map((hourNo, nth) => {
    const { conversations = 0, clients = 0 } = distinct.perBucket[nth] ?? {};
    const sums = sumOf(byBucket.get(nth) ?? []);
    return { from: momentOf(hourNo), ...sums, conversationsActive: conversations, clients };
  });
}

function sumOf(hours: readonly HourCounts[]) {
  const messages = noMessages();
  let [bytes, conversationsOpened] = [0, 0];
  for (const hour of hours) {
    for (const role of Object.keys(messages) as (keyof MessagesByRole)[]) {
      messages[role] += hour.messages[role];
    }
    bytes += hour.bytes;
    conversationsOpened += hour.opened;
  }
  return { messages, bytes, conversationsOpened };
}

function quantilesOf(waits: WaitSketch): Quantiles {
  const at = (share: number) => {
    const waitMs = waitAtQuantile(waits, share);
    return waitMs === null ? null : Math.round(waitMs);
  };
  return { count: waits.count, p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}
