import { CompiledQuery, type Kysely, sql } from 'kysely';
import { addWait, newWaitSketch, waitsToBytes } from '../../domain/wait-sketch.ts';
import type { Database } from '../schema.ts';
import { waitsOf } from './write-usage.ts';

/** Adds up hours of a Company from what was counted by Conversation. */
export async function sumHours(
  db: Kysely<Database>,
  companyNo: number,
  hourNos: Iterable<number>,
): Promise<void> {
  for (const hourNo of hourNos) await sumHour(db, { companyNo, hourNo });
}

async function sumHour(
  db: Kysely<Database>,
  { companyNo, hourNo }: { companyNo: number; hourNo: number },
): Promise<void> {
  const sketches = await sketchWaits(db, { companyNo, hourNo });
  const parameters = [sketches.waits, sketches.firstWaits, companyNo, hourNo];
  await db.executeQuery(CompiledQuery.raw(SUM, parameters));
}

const SUMMED = `user_count, bot_count, agent_count, system_count, content_bytes,
  conversations_active, conversations_opened, clients, waits, first_waits`;

const SUM = `insert into company_usage (company_no, hour_no, ${SUMMED})
  select company_no, hour_no, sum(user_count), sum(bot_count), sum(agent_count), sum(system_count),
    sum(content_bytes), count(distinct conversation_no), sum(is_opened), count(distinct client_no),
    ?, ?
  from conversation_usage where company_no = ? and hour_no = ? group by company_no, hour_no
  on duplicate key update ${SUMMED.split(',')
    .map((column) => `${column} = values(${column})`)
    .join(', ')}`;

async function sketchWaits(
  db: Kysely<Database>,
  { companyNo, hourNo }: { companyNo: number; hourNo: number },
) {
  const { rows } = await sql<{ waits: Buffer | null; firstWait: number | null }>`
    select waits, first_wait_ms as firstWait from conversation_usage
    where company_no = ${companyNo} and hour_no = ${hourNo} and waits is not null`.execute(db);
  const [waits, firstWaits] = [newWaitSketch(), newWaitSketch()];
  for (const row of rows) {
    for (const waitMs of waitsOf(row.waits)) addWait(waits, waitMs);
    if (row.firstWait !== null) addWait(firstWaits, row.firstWait);
  }
  return { waits: waitsToBytes(waits), firstWaits: waitsToBytes(firstWaits) };
}
