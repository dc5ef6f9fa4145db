import { type ColdReader, openFooters } from './footers.ts';
import { openSegmentThread, type SegmentThread } from './segment-thread.ts';
import { openColdStore } from './open-store.ts';
import type { ColdDeps } from './write-segment.ts';

/** The cold tier of an installation: who reads pages, and who writes Segments, find all they need. */
export interface OpenCold extends ColdReader, ColdDeps {
  close(): Promise<void>;
}

/** Null: there is none, and Messages stay warm. */
export type Cold = OpenCold | null;

/** @param url See `openColdStore`; null if there is no cold tier. */
export function openCold(url: string | null): Cold {
  if (url === null) return null;
  const store = openColdStore(url);
  const thread = openThreadOnDemand();
  return {
    store,
    footers: openFooters(store),
    thread,
    async close() {
      await thread.close();
      store.close();
    },
  };
}

/** Most processes never need it; one that broke is made anew. */
function openThreadOnDemand(): SegmentThread {
  let thread: SegmentThread | undefined;
  return {
    ask(kind, ...given) {
      if (thread?.hasEnded()) thread = undefined;
      thread ??= openSegmentThread();
      return thread.ask(kind, ...given);
    },
    hasEnded: () => false,
    close: async () => thread?.close(),
  };
}
