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

/** Ages of one Company; null: of all that have none of their own. */
export interface NamedAges extends TierAges {
  readonly companyId: string | null;
}

/** The installation's ages first. */
export async function listAges(db: Kysely<Database>): Promise<NamedAges[]> {
  const rows = await db
    .selectFrom('tier_ages')
    .leftJoin('companies', 'companies.company_no', 'tier_ages.company_no')
    .select(['company_id as companyId', 'hot_hours as hotHours', 'warm_days as warmDays'])
    .orderBy('company_id')
    .execute();
  return rows;
}

/**
 * Gives a Company ages of its own, or, with null, takes them away.
 *
 * @returns False if there is no such Company.
 */
export async function setAges(
  db: Kysely<Database>,
  companyId: string,
  ages: TierAges | null,
): Promise<boolean> {
  const company = await db
    .selectFrom('companies')
    .select('company_no')
    .where('company_id', '=', companyId)
    .executeTakeFirst();
  if (!company) return false;
  const companyNo = company.company_no;
  if (ages) await writeAges(db, companyNo, ages);
  else await db.deleteFrom('tier_ages').where('company_no', '=', companyNo).execute();
  return true;
}

async function writeAges(
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
