import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Kysely } from 'kysely';
import type { Instant } from '../../domain/instant.ts';
import { toDatetime } from '../datetime.ts';
import type { Database } from '../schema.ts';
import { type Entry, toEntry } from './catalogue.ts';
import { segmentCorrupt } from './faults.ts';
import type { ColdStore } from './store.ts';

/** A live Segment, for who reads the archive by other means. */
export interface ArchiveObject extends Entry {
  readonly companyId: string;
  /** A path, or `s3://bucket/key`. */
  readonly address: string;
}

export interface ArchiveWanted {
  readonly companyId?: string | undefined;
  readonly from?: Instant | undefined;
  /** Exclusive. */
  readonly to?: Instant | undefined;
}

/**
 * The Segments that hold cold Messages, each Message in exactly one of them. What else lies in the
 * archive is being written, or was replaced and waits to be removed.
 */
export async function listArchive(
  { db, store }: { db: Kysely<Database>; store: ColdStore },
  { companyId, from, to }: ArchiveWanted,
): Promise<ArchiveObject[]> {
  let query = db
    .selectFrom('segments')
    .innerJoin('companies', 'companies.company_no', 'segments.company_no')
    .selectAll('segments')
    .select('companies.company_id as companyId')
    .where('state', '=', 'live');
  if (companyId !== undefined) query = query.where('companies.company_id', '=', companyId);
  if (from !== undefined) query = query.where('last_created_at', '>=', toDatetime(from));
  if (to !== undefined) query = query.where('first_created_at', '<', toDatetime(to));
  const rows = await query.orderBy('companies.company_id').orderBy('day').execute();
  return rows.map((row) => {
    const entry = toEntry(row);
    return { ...entry, companyId: row.companyId, address: store.addressOf(entry.objectKey) };
  });
}

/** Much enough for S3 to be fast, little enough to be held. */
const COPIED_BYTES = 8 * 1024 * 1024;

/**
 * Copies an object of the archive into a file.
 *
 * @throws PipelineError `SEGMENT_CORRUPT` if it is not what the Catalogue says; `OBJECT_MISSING`; `COLD_UNREACHABLE`.
 */
export async function copyObject(
  store: ColdStore,
  { objectKey, bytes, sha256 }: ArchiveObject,
  path: string,
): Promise<void> {
  const hash = createHash('sha256');
  const file = await open(path, 'wx');
  try {
    for (let from = 0; from < bytes; from += COPIED_BYTES) {
      const part = await store.read(objectKey, { from, to: Math.min(bytes, from + COPIED_BYTES) });
      hash.update(part);
      await file.writeFile(part);
    }
  } finally {
    await file.close();
  }
  if (hash.digest('hex') !== sha256) throw segmentCorrupt(objectKey, 'has another checksum');
}
