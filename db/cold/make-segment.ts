import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import { objectKeyOf, type Segment } from '../../domain/segment.ts';
import type { Database } from '../schema.ts';
import { announce, type Entry } from './catalogue.ts';
import { segmentCorrupt } from './faults.ts';
import type { SegmentColumns } from './segment.ts';
import { readPrints } from './walk-segment.ts';
import { type ColdDeps, writeSegment } from './write-segment.ts';

/** What a Segment is made of, and why. */
export interface SegmentWanted {
  readonly companyId: string;
  readonly companyNo: number;
  /** UTC day, or the first of a month. */
  readonly day: string;
  readonly madeBy: Entry['madeBy'];
}

const OF_A_MONTH: readonly Entry['madeBy'][] = ['compact', 'import'];

/**
 * Announces a Segment, writes it, reads all of it back and compares. It is yet to be put live.
 *
 * @throws PipelineError `SEGMENT_CORRUPT` if it does not read back as it was written.
 */
export async function makeSegment(
  deps: ColdDeps & { db: Kysely<Database> },
  { companyId, companyNo, day, madeBy }: SegmentWanted,
  groups: AsyncIterable<SegmentColumns>,
): Promise<Segment> {
  const segmentId = randomUUID();
  const period = OF_A_MONTH.includes(madeBy) ? day.slice(0, 7) : day;
  const objectKey = objectKeyOf(companyId, period, segmentId);
  await announce(deps.db, { segmentId, companyNo, objectKey, day, madeBy });
  const written = await writeSegment(deps, { companyId, objectKey }, groups);
  const found = await readPrints(deps, { ...written, objectKey });
  if (found.sha256 !== written.sha256 || found.rowsSha256 !== written.rowsSha256) {
    throw segmentCorrupt(objectKey, 'does not read back as it was written');
  }
  return { ...written, segmentId, companyNo, objectKey };
}
