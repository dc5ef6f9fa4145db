import { setTimeout as pause } from 'node:timers/promises';
import type { Metrics } from '../metrics.ts';
import { QUEUE_NAMES, type QueueName } from '../queues/index.ts';
import type { Heartbeat, Inspector, QueueView } from '../queues/inspect.ts';

/** Two scrapes within a second, or two Prometheus servers, see the same. */
const AGE_MS_MAX = 1_000;
/** A scrape is not to wait for a Redis that is away: Prometheus would lose all other metrics, too. */
export const LOOK_MS_MAX = 1_000;

interface FleetView {
  readonly queues: readonly (readonly [QueueName, QueueView])[];
  readonly heartbeats: readonly Heartbeat[];
}

/**
 * Shows the queues and the Fleet as a whole, as they are at each scrape. Only the HTTP process does:
 * shown by every Fleet process, the same number would count as often as there are processes.
 */
export function openFleetGauges({
  inspector,
  metrics,
}: {
  inspector: Pick<Inspector, 'view' | 'heartbeats'>;
  metrics: Metrics;
}): void {
  let last: { readonly view: FleetView | null; readonly at: number } | undefined;
  let looking: Promise<FleetView | null> | undefined;

  /** One look at a time: while Redis hangs, they would pile up. */
  function look(): Promise<FleetView | null> {
    looking ??= viewOf(inspector)
      .catch(() => null)
      .finally(() => (looking = undefined));
    return looking;
  }

  metrics.beforeShowing(async () => {
    if (!last || performance.now() - last.at > AGE_MS_MAX) {
      const view = await withinOrNull(LOOK_MS_MAX, look());
      last = { view, at: performance.now() };
    }
    set(metrics, last.view);
  });
}

/** One round trip for each queue, all of them at once. */
async function viewOf(inspector: Pick<Inspector, 'view' | 'heartbeats'>): Promise<FleetView> {
  const [heartbeats, ...queues] = await Promise.all([
    inspector.heartbeats(),
    ...QUEUE_NAMES.map(async (name) => [name, await inspector.view(name)] as const),
  ]);
  return { heartbeats, queues };
}

/** What is not known is absent: an old number would look like a new one. */
function set(metrics: Metrics, view: FleetView | null): void {
  metrics.queueJobs.reset();
  metrics.queueOldestWaiting.reset();
  metrics.fleetWorkers.reset();
  metrics.queueRedisUp.set(view === null ? 0 : 1);
  if (view === null) return;

  for (const [queue, { counts, oldestWaitingMs }] of view.queues) {
    for (const state of ['waiting', 'active', 'delayed', 'dead'] as const) {
      metrics.queueJobs.set({ queue, state }, counts[state]);
    }
    metrics.queueOldestWaiting.set({ queue }, oldestWaitingMs / 1_000);
  }
  const healthy = view.heartbeats.filter(({ isHealthy }) => isHealthy).length;
  metrics.fleetWorkers.set({ state: 'healthy' }, healthy);
  metrics.fleetWorkers.set({ state: 'unhealthy' }, view.heartbeats.length - healthy);
}

/** @returns Null if there is no answer in time. */
export async function withinOrNull<Answer>(
  timeoutMs: number,
  answer: Promise<Answer>,
): Promise<Answer | null> {
  const over = new AbortController();
  const late = pause(timeoutMs, null, { signal: over.signal }).catch(() => null);
  return Promise.race([answer, late]).finally(() => over.abort());
}
