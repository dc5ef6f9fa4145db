import type { Kysely } from 'kysely';
import type { Database, Datetime } from '../schema.ts';

/** All tiers of a Company as they are at one moment, and which of them can hold what is looked for. */
export interface Snapshot {
  readonly db: Kysely<Database>;
  readonly isInWarm: boolean;
  readonly isInCold: boolean;
}

/**
 * Reads in one snapshot, so that what moves meanwhile, up or down, is seen in a tier (P3).
 *
 * @param wanted.from The earliest moment that is looked for.
 */
export function inSnapshot<Result>(
  db: Kysely<Database>,
  { companyNo, from }: { companyNo: number; from: Datetime },
  read: (snapshot: Snapshot) => Promise<Result>,
): Promise<Result> {
  const snapshot = db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only');
  return snapshot.execute(async (transaction) => {
    const company = await transaction
      .selectFrom('companies')
      .select(['hot_since', 'warm_since'])
      .where('company_no', '=', companyNo)
      .executeTakeFirst();
    return read({
      db: transaction,
      isInWarm: from < (company?.hot_since ?? ''),
      isInCold: from < (company?.warm_since ?? ''),
    });
  });
}
