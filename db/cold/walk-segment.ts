import { segmentCorrupt } from './faults.ts';
import type { SegmentColumns } from './segment.ts';
import type { Prints } from './segment-worker.ts';
import type { ColdDeps } from './write-segment.ts';

/**
 * Reads a Segment from its first byte to its last, row group by row group.
 *
 * @param onGroup Gets the Messages of each.
 * @returns What was read is known by: compare it with what was written.
 * @throws PipelineError `SEGMENT_CORRUPT` if it cannot be decoded; `OBJECT_MISSING`; `COLD_UNREACHABLE`.
 */
export async function walkSegment(
  { store, thread }: ColdDeps,
  segment: { objectKey: string; bytes: number; footerBytes: number },
  onGroup: (columns: SegmentColumns) => Promise<void> | void = () => {},
): Promise<Prints> {
  const { objectKey, bytes, footerBytes } = segment;
  const decoding = async <Result>(asked: Promise<Result>): Promise<Result> => {
    return asked.catch((error: Error) => {
      throw segmentCorrupt(objectKey, `cannot be decoded: ${error.message}`);
    });
  };
  const footer = await store.read(objectKey, { from: bytes - footerBytes, to: bytes });
  const groups = await decoding(thread.ask('decodeBegin', footer));
  let from = 0;
  for (const [nth, { endByte }] of groups.entries()) {
    const read = await store.read(objectKey, { from, to: endByte });
    await onGroup(await decoding(thread.ask('decodeGroup', { nth, bytes: read, from })));
    from = endByte;
  }
  const tail = await store.read(objectKey, { from, to: bytes });
  return thread.ask('decodeEnd', tail);
}
