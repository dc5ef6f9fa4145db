import { randomUUID } from 'node:crypto';
import { segmentCorrupt } from './faults.ts';
import type { SegmentColumns } from './segment.ts';
import type { Prints } from './segment-worker.ts';
import type { ColdDeps } from './write-segment.ts';

interface Place {
  readonly objectKey: string;
  readonly bytes: number;
  readonly footerBytes: number;
}

/**
 * Reads a Segment from its first byte to its last, row group by row group.
 *
 * @returns What was read is known by: compare it with what was written.
 * @throws PipelineError `SEGMENT_CORRUPT` if it cannot be decoded; `OBJECT_MISSING`; `COLD_UNREACHABLE`.
 */
export async function* segmentGroups(
  { store, thread }: ColdDeps,
  { objectKey, bytes, footerBytes }: Place,
): AsyncGenerator<SegmentColumns, Prints> {
  const file = randomUUID();
  const footer = await store.read(objectKey, { from: bytes - footerBytes, to: bytes });
  const groups = await decoded(objectKey, thread.ask('decodeBegin', { file, footer }));
  let from = 0;
  for (const [nth, { endByte }] of groups.entries()) {
    const read = await store.read(objectKey, { from, to: endByte });
    yield await decoded(objectKey, thread.ask('decodeGroup', { file, nth, bytes: read, from }));
    from = endByte;
  }
  const tail = await store.read(objectKey, { from, to: bytes });
  return thread.ask('decodeEnd', { file, tail });
}

/** The same, for who wants each row group to be done with before the next one is read. */
export async function walkSegment(
  deps: ColdDeps,
  segment: Place,
  onGroup: (columns: SegmentColumns) => Promise<void> | void = () => {},
): Promise<Prints> {
  const groups = segmentGroups(deps, segment);
  for (;;) {
    const step = await groups.next();
    if (step.done) return step.value;
    await onGroup(step.value);
  }
}

async function decoded<Result>(objectKey: string, asked: Promise<Result>): Promise<Result> {
  return asked.catch((error: unknown) => {
    const why = error instanceof Error ? error.message : 'unknown fault';
    throw segmentCorrupt(objectKey, `cannot be decoded: ${why}`);
  });
}
