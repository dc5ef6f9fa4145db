import { PipelineError } from '../../domain/errors.ts';
import type { ColdStore } from './store.ts';

/** For so long a store that could not be reached is taken to be still away. */
const AWAY_MS = 2_000;

/**
 * Reads that fail at once while the store is away. Each would wait for its timeouts otherwise, one
 * after the other: a page, which can say so at once, and late Messages, behind which young ones wait.
 */
export function openBreakerStore(store: ColdStore, awayMs = AWAY_MS): ColdStore {
  let fault: unknown;
  let awayUntil = -Infinity;

  return {
    ...store,
    async read(key, range) {
      if (performance.now() < awayUntil) throw fault;
      try {
        return await store.read(key, range);
      } catch (error) {
        if (error instanceof PipelineError && error.code === 'COLD_UNREACHABLE') {
          fault = error;
          awayUntil = performance.now() + awayMs;
        }
        throw error;
      }
    },
  };
}
