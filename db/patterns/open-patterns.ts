import type { Kysely } from 'kysely';
import type { PatternsWanted } from '../../domain/patterns/request.ts';
import type { Names } from '../names.ts';
import type { Database } from '../schema.ts';
import { keepPatterns } from './keep-patterns.ts';
import { areJustFound, readPatterns } from './read-patterns.ts';
import { findWantedPatterns, wantPatterns } from './wanted-patterns.ts';

/** What the counts of Companies show. */
export function openPatterns(deps: {
  readonly db: Kysely<Database>;
  readonly names: Names;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}) {
  const { db, now } = deps;
  return {
    read: (wanted: PatternsWanted) => readPatterns(deps, wanted, now()),
    want: (wanted: PatternsWanted) => wantPatterns(deps, wanted, now()),
    areJustFound: (wanted: PatternsWanted) => areJustFound(deps, wanted, now()),
    keep: (wanted: PatternsWanted, signal: AbortSignal) =>
      keepPatterns(deps, wanted, { nowMs: now(), signal }),
    findWanted: (signal: AbortSignal) => findWantedPatterns(db, signal),
  };
}
