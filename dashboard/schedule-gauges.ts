import type { RunRecord } from '../domain/schedule.ts';
import type { Metrics } from '../metrics.ts';
import { LOOK_MS_MAX, withinOrNull } from './fleet-gauges.ts';

/** Shows when each entry of the schedule was last done, as MySQL knows it at each scrape. */
export function openScheduleGauges({
  read,
  names,
  metrics,
}: {
  read: () => Promise<readonly RunRecord[]>;
  /** Only these are shown: what was once in the schedule has no end that anybody waits for. */
  names: readonly string[];
  metrics: Metrics;
}): void {
  let reading: Promise<readonly RunRecord[]> | undefined;

  /** One at a time: while MySQL hangs, they would pile up. */
  function look(): Promise<readonly RunRecord[]> {
    reading ??= read()
      .catch(() => [])
      .finally(() => (reading = undefined));
    return reading;
  }

  metrics.beforeShowing(async () => {
    const records = (await withinOrNull(LOOK_MS_MAX, look())) ?? [];
    metrics.scheduleLastDone.reset();
    for (const { name, lastDoneAt } of records) {
      if (lastDoneAt === null || !names.includes(name)) continue;
      metrics.scheduleLastDone.set({ schedule: name }, lastDoneAt / 1_000);
    }
  });
}
