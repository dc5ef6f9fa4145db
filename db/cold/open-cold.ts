import { openFooters } from './footers.ts';
import type { ColdReader } from './read-cold.ts';
import { openColdStore } from './store.ts';

/** The cold tier of an installation; null: it has none, and Messages stay warm. */
export type Cold = ColdReader | null;

/** @param url See `openColdStore`; null if there is no cold tier. */
export function openCold(url: string | null): Cold {
  if (url === null) return null;
  const store = openColdStore(url);
  return { store, footers: openFooters(store) };
}
