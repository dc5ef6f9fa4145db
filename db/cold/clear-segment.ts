import { dayOf } from '../../domain/instant.ts';
import type { Segment } from '../../domain/segment.ts';
import { noteCleared } from './catalogue.ts';
import { chooseClearBy, clearGroup } from './clear-warm.ts';
import { segmentKeys } from './walk-segment.ts';
import type { MoveDeps } from './write-segment.ts';

/** From the first of a Segment's days to the last. */
export function daysOfSegment({ firstCreatedAt, lastCreatedAt }: Omit<Segment, 'days'>) {
  return { firstDay: dayOf(firstCreatedAt), lastDay: dayOf(lastCreatedAt) };
}

/**
 * Deletes from warm, row group by row group, what a live Segment holds, and notes that it is done.
 *
 * @returns False if the signal aborted it: the next run goes on there.
 */
export async function clearSegment(
  deps: MoveDeps,
  segment: Omit<Segment, 'days'>,
  options: { breathe: (tookMs: number) => Promise<void>; signal: AbortSignal },
): Promise<boolean> {
  const days = { companyNo: segment.companyNo, ...daysOfSegment(segment) };
  const clearBy = await chooseClearBy(deps.db, segment);
  for await (const keys of segmentKeys(deps, segment)) {
    if (options.signal.aborted) return false;
    const startedAt = performance.now();
    await clearGroup(deps.db, { ...days, clearBy }, keys);
    await options.breathe(performance.now() - startedAt);
  }
  await noteCleared(deps.db, segment.segmentId);
  return true;
}
