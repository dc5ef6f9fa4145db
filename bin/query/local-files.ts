import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { ArchiveObject } from '../../db/cold/archive-objects.ts';
import type { Wiring } from '../../wiring.ts';
import { UsageError } from '../command.ts';
import { openProgress } from '../progress.ts';
import type { LocalSegment } from './duckdb.ts';

/** More is for DuckDB itself, which reads only the parts that it needs. */
const FETCHED_BYTES_MAX = 20 * 1024 ** 3;

/**
 * Segments as files of this machine: where they lie, or, if that is S3, copies for the time of a query.
 *
 * @throws UsageError If too much would be copied.
 */
export async function localFiles(
  objects: readonly ArchiveObject[],
  { archive, signal }: { archive: Wiring['archive']; signal: AbortSignal },
) {
  if (objects.every(({ address }) => isAbsolute(address))) {
    const segments = objects.map((object) => ({ ...object, file: object.address }));
    return { segments, remove: async () => {} };
  }
  const bytes = objects.reduce((sum, object) => sum + object.bytes, 0);
  if (bytes > FETCHED_BYTES_MAX) {
    const size = `${Math.ceil(bytes / 1024 ** 3)} GiB would be fetched from S3`;
    throw new UsageError(`query: ${size}; name a --company, --from and --to, or see docs/bi.md`);
  }
  const folder = await mkdtemp(join(tmpdir(), 'camadas-query-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  const progress = openProgress({ label: 'fetching', unit: 'bytes', total: bytes });
  try {
    const segments: LocalSegment[] = [];
    for (const object of objects) {
      signal.throwIfAborted();
      const file = join(folder, `${object.segmentId}.parquet`);
      await archive.copy(object, file);
      progress.advance(object.bytes);
      segments.push({ ...object, file });
    }
    return { segments, remove };
  } catch (error) {
    await remove();
    throw error;
  } finally {
    progress.end();
  }
}
