import type { Message } from '../domain/message.ts';
import { type Tier, TIERS } from '../domain/archive.ts';
import type { Clients } from './clients.ts';
import type { Installation } from './installation.ts';
import { openProgress } from './progress.ts';
import { quantile, rounded } from './quantile.ts';

/** A tier as the demo shows it. */
export interface TierReport {
  readonly tier: Tier;
  readonly messages: number;
  readonly bytesPerMessage: number;
  readonly pageMsP50: number;
  readonly pageMsP99: number;
}

/** Moves all that is old enough, as the schedule would within the hour. */
export async function archiveRipe({ wiring }: Installation, signal: AbortSignal): Promise<void> {
  const batches = await wiring.archive.findRipe();
  const total = batches.length;
  const progress = openProgress({ label: 'archiving', unit: 'batches', total });
  try {
    for (const batch of batches) {
      if (signal.aborted) return;
      await wiring.archive.move(batch, { signal });
      progress.advance(1);
    }
  } finally {
    progress.end();
  }
}

const PAGES_PER_TIER_MAX = 100;
const HOUR_MS = 3_600_000;

/** What each tier holds, and how fast it gives a page of a Conversation that lies in it. */
export async function reportTiers(
  { wiring, config }: Installation,
  { clients, conversations }: { clients: Clients; conversations: readonly (readonly Message[])[] },
): Promise<TierReport[]> {
  const sizes = await wiring.readTierSizes();
  const reports: TierReport[] = [];
  for (const { tier, messages, bytes } of sizes) {
    const own = conversations.filter((turns) => tierOf(turns, config) === tier);
    const pageMs = await timePages(own.slice(0, PAGES_PER_TIER_MAX), clients);
    reports.push({
      tier,
      messages,
      bytesPerMessage: Math.round(bytes / Math.max(1, messages)),
      pageMsP50: rounded(quantile(pageMs, 0.5)),
      pageMsP99: rounded(quantile(pageMs, 0.99)),
    });
  }
  return reports;
}

/** Where its last Message is by now. */
function tierOf(
  turns: readonly Message[],
  { hotHours, warmDays }: { hotHours: number; warmDays: number },
): Tier | undefined {
  const ageMs = Date.now() - Date.parse(turns.at(-1)?.createdAt ?? '');
  const [hot, warm, cold] = TIERS;
  if (ageMs < hotHours * HOUR_MS) return hot;
  return ageMs < (warmDays + 1) * 24 * HOUR_MS ? warm : cold;
}

/** By an explicit span, which no cache answers. */
async function timePages(
  conversations: readonly (readonly Message[])[],
  clients: Clients,
): Promise<number[]> {
  const times: number[] = [];
  for (const [first] of conversations) {
    if (!first) continue;
    const client = await clients(first.companyId);
    const startedAt = performance.now();
    await client.findMessages({ conversationId: first.conversationId, from: first.createdAt });
    times.push(performance.now() - startedAt);
  }
  return times;
}
