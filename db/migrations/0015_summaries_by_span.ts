import { type Kysely, sql } from 'kysely';

/** Statistics ask how conversations went: the index tells it, and no row of a Summary is read. */
export async function up(db: Kysely<never>): Promise<void> {
  await sql`alter table summaries
    drop key summaries_by_span,
    add key summaries_by_span (company_no, is_latest, up_to_at, sentiment)`.execute(db);
}
