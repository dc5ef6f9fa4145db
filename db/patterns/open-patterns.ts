import type { Kysely } from 'kysely';
import type { PatternsWanted } from '../../domain/patterns/request.ts';
import type { Names } from '../names.ts';
import type { Database } from '../schema.ts';
import { findWantedPatterns, keepPatterns, readPatterns } from './keep-patterns.ts';

/** What the counts of Companies show. */
export function openPatterns(deps: {
  readonly db: Kysely<Database>;
  readonly names: Names;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}) {
  return {
    read: (wanted: PatternsWanted) => readPatterns(deps, wanted),
    keep: (wanted: PatternsWanted) => keepPatterns(deps, wanted, deps.now()),
    findWanted: () => findWantedPatterns(deps.db),
  };
}
