import type { Kysely } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import * as names from './migrations/0001_names.ts';
import * as hot from './migrations/0002_hot.ts';
import * as ledger from './migrations/0003_ledger.ts';
import * as apiKeys from './migrations/0004_api_keys.ts';
import * as warm from './migrations/0005_warm.ts';
import * as archiveProcedures from './migrations/0006_archive_procedures.ts';
import * as segments from './migrations/0007_segments.ts';
import * as imports from './migrations/0008_imports.ts';
import * as summaries from './migrations/0009_summaries.ts';
import * as usage from './migrations/0010_usage.ts';
import * as schedule from './migrations/0011_schedule.ts';
import * as patterns from './migrations/0012_patterns.ts';
import * as importsToCold from './migrations/0013_imports_to_cold.ts';
import * as archiveWithRests from './migrations/0014_archive_with_rests.ts';
import * as summariesBySpan from './migrations/0015_summaries_by_span.ts';
import type { Database } from './schema.ts';

/** In order of their names. A migration that was released is never edited: add the next one. */
const MIGRATIONS: Record<string, Migration> = {
  '0001_names': names,
  '0002_hot': hot,
  '0003_ledger': ledger,
  '0004_api_keys': apiKeys,
  '0005_warm': warm,
  '0006_archive_procedures': archiveProcedures,
  '0007_segments': segments,
  '0008_imports': imports,
  '0009_summaries': summaries,
  '0010_usage': usage,
  '0011_schedule': schedule,
  '0012_patterns': patterns,
  '0013_imports_to_cold': importsToCold,
  '0014_archive_with_rests': archiveWithRests,
  '0015_summaries_by_span': summariesBySpan,
};

/**
 * Brings the schema up to date. Safe from many processes at once: Kysely holds a lock meanwhile.
 *
 * @returns The names of the migrations that ran now.
 */
export async function migrate(db: Kysely<Database>): Promise<string[]> {
  const provider = { getMigrations: () => Promise.resolve(MIGRATIONS) };
  const { error, results = [] } = await new Migrator({ db, provider }).migrateToLatest();
  if (error) throw error;
  return results.map((result) => result.migrationName);
}
