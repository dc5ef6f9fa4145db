import type { Tier } from '../domain/archive.ts';
import { PipelineError } from '../domain/errors.ts';
import type { FoundPage } from './read.ts';

/** A page read from the tiers, without the cache. */
export interface PageEvent {
  readonly isOk: boolean;
  readonly ms: number;
  /** The lowest one that was asked; of a failure, the one that failed. */
  readonly tier: Tier;
}

/** Tells how long a page took. A question that is wrong itself is nobody's fault here, so not told. */
export async function timedPage(
  observe: (event: PageEvent) => void,
  read: () => Promise<FoundPage>,
): Promise<FoundPage> {
  const startedAt = performance.now();
  const tell = (isOk: boolean, tier: Tier) =>
    observe({ isOk, tier, ms: performance.now() - startedAt });
  try {
    const found = await read();
    tell(true, found.tiers.at(-1) ?? 'hot');
    return found;
  } catch (error) {
    if (!(error instanceof PipelineError)) tell(false, 'hot');
    else if (error.code === 'COLD_UNREACHABLE') tell(false, 'cold');
    throw error;
  }
}
