import type { Kysely } from 'kysely';
import type { Database } from './schema.ts';

/** When Messages leave the hot tier, and the warm one. */
export interface TierAges {
  readonly hotHours: number;
  readonly warmDays: number;
}

const INSTALLATION = 0;

/** The installation's ages: for every Company that has none of its own. */
export function writeInstallationAges(db: Kysely<Database>, ages: TierAges): Promise<void> {
  return writeAges(db, INSTALLATION, ages);
}

/** Gives a Company ages of its own. */
export async function writeAges(
  db: Kysely<Database>,
  companyNo: number,
  { hotHours, warmDays }: TierAges,
): Promise<void> {
  const ages = { hot_hours: hotHours, warm_days: warmDays };
  await db
    .insertInto('tier_ages')
    .values({ company_no: companyNo, ...ages })
    .onDuplicateKeyUpdate(ages)
    .execute();
}

/** @returns By `companyNo`; the installation's for a Company that has none of its own. */
export async function readAges(db: Kysely<Database>): Promise<(companyNo: number) => TierAges> {
  const rows = await db.selectFrom('tier_ages').selectAll().execute();
  const ages = new Map<number, TierAges>(
    rows.map((row) => [row.company_no, { hotHours: row.hot_hours, warmDays: row.warm_days }]),
  );
  const installation = ages.get(INSTALLATION);
  if (!installation) throw new Error('tier_ages: row 0, the ages of the installation, is missing');
  return (companyNo) => ages.get(companyNo) ?? installation;
}
