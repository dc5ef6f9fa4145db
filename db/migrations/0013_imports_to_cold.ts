import { type Kysely, sql } from 'kysely';

/** Imports write Segments of their own, and note their place once for all lanes. */
export async function up(db: Kysely<never>): Promise<void> {
  // import: Messages of an older history, which were in no tier before.
  await sql`alter table segments
    modify made_by enum('move', 'compact', 'restore', 'import') not null`.execute(db);
  // position and read_total are lane 0's alone now. The old ones meant something else: whoever was
  // under way begins anew, and nothing is stored twice.
  await sql`delete from imports`.execute(db);
}
