import type { Kysely } from 'kysely';
import type { Database } from '../schema.ts';
import { findAbandoned, forget } from './catalogue.ts';
import type { ColdStore } from './store.ts';

/** Who began to read one reads on: a page takes seconds, somebody's report over the files hours. */
export const GRACE_MS = 24 * 3_600_000;

/** Removes the objects of Segments that others replaced, a day after. */
export async function removeRetired(
  { db, store }: { db: Kysely<Database>; store: ColdStore },
  graceMs = GRACE_MS,
): Promise<{ removed: number }> {
  const retired = await findAbandoned(db, graceMs);
  for (const { objectKey, segmentId } of retired) {
    await store.remove(objectKey); // First: a row without an object is found again, not so an object.
    await forget(db, segmentId);
  }
  return { removed: retired.length };
}
