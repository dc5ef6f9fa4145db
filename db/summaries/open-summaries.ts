import type { Kysely } from 'kysely';
import type { Spent } from '../../domain/spent.ts';
import type { Summary } from '../../domain/summary.ts';
import type { Names } from '../names.ts';
import type { Database } from '../schema.ts';
import { type FailedSummary, forgetFailure, noteFailure } from './failures.ts';
import { findDueSummaries } from './find-due.ts';
import { keepSummary } from './keep-summary.ts';
import { listSummaryVersions, readSummary, type SummaryWanted } from './read-summary.ts';
import { noteWasted, tokensUsed } from './tokens-used.ts';

/** What was said of Conversations, version by version, and what that may cost. */
export function openSummaries(deps: {
  readonly db: Kysely<Database>;
  readonly names: Names;
  /** Tokens that a Company may spend on a UTC day. */
  readonly tokensPerDayMax: number;
  /** Sees each Summary that is kept; metrics sit here. */
  readonly observe: (summary: Summary) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}) {
  const { now } = deps;
  return {
    read: (wanted: SummaryWanted) => readSummary(deps, wanted),
    listVersions: (wanted: Omit<SummaryWanted, 'version'>) => listSummaryVersions(deps, wanted),
    findDue: (signal: AbortSignal) => findDueSummaries(deps.db, { nowMs: now(), signal }),
    async keep(companyId: string, summary: Summary): Promise<boolean> {
      const isKept = await keepSummary(deps, companyId, summary);
      if (isKept) deps.observe(summary);
      return isKept;
    },
    async tokensLeft(companyId: string): Promise<number> {
      if (deps.tokensPerDayMax === Infinity) return Infinity;
      return deps.tokensPerDayMax - (await tokensUsed(deps, companyId, now()));
    },
    noteWasted: (companyId: string, spent: Spent) => noteWasted(deps, { companyId, spent }, now()),
    noteFailure: (failed: FailedSummary) => noteFailure(deps, failed, now()),
    forgetFailure: forgetFailure.bind(null, deps),
  };
}
