import { setTimeout as pause } from 'node:timers/promises';
import type { ColdStore } from './store.ts';

/** Longer than nearly every read of a row group takes from S3; a page is to come within the second. */
const HEDGE_AFTER_MS = 250;
/** One read in ten may be asked twice, so that a store which is slow for all gets no slower by us. */
const HEDGES_PER_READ = 0.1;
const HEDGES_SAVED_MAX = 10;

/**
 * The same store, which asks again where an answer takes unusually long, and takes what comes first:
 * of many servers behind one address, now and then one is slow (Dean and Barroso, "The Tail at Scale",
 * 2013).
 */
export function openHedgedStore(store: ColdStore, hedgeAfterMs = HEDGE_AFTER_MS): ColdStore {
  let hedges = HEDGES_SAVED_MAX;

  return {
    ...store,
    async read(key, range) {
      hedges = Math.min(HEDGES_SAVED_MAX, hedges + HEDGES_PER_READ);
      const first = store.read(key, range);
      if ((await isSettledWithin(first, hedgeAfterMs)) || hedges < 1) return first;
      hedges -= 1;
      return Promise.any([first, store.read(key, range)]).catch(() => first);
    },
  };
}

async function isSettledWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const settled = new AbortController();
  const waited = pause(ms, false, { signal: settled.signal }).catch(() => true);
  const ended = () => settled.abort();
  promise.then(ended, ended);
  return waited;
}
