import { randomUUID } from 'node:crypto';
import { segmentCorrupt } from './faults.ts';
import type { SegmentColumns, SegmentKeys } from './segment.ts';
import type { Prints } from './segment-worker.ts';
import type { ColdDeps } from './write-segment.ts';

interface Place {
  readonly objectKey: string;
  readonly bytes: number;
  readonly rows: number;
  readonly footerBytes: number;
}

/**
 * Reads a Segment from its first byte to its last, row group by row group.
 *
 * @returns What was read is known by: compare it with what was written.
 * @throws PipelineError `SEGMENT_CORRUPT` if it cannot be decoded; `OBJECT_MISSING`; `COLD_UNREACHABLE`.
 */
export function segmentGroups(
  deps: ColdDeps,
  place: Place,
): AsyncGenerator<SegmentColumns, Prints> {
  return walk(deps, place, 'decodeGroup');
}

/** The same, for who only wants to know whether it is what was written. */
export async function readPrints(deps: ColdDeps, place: Place): Promise<Prints> {
  const groups = walk(deps, place, 'checkGroup');
  for (;;) {
    const step = await groups.next();
    if (step.done) return step.value;
  }
}

/** The keys of its Messages alone, row group by row group. */
export async function* segmentKeys(deps: ColdDeps, place: Place): AsyncGenerator<SegmentKeys> {
  yield* walk(deps, place, 'decodeKeys');
}

type Kind = 'decodeGroup' | 'checkGroup' | 'decodeKeys';
type Answer<Asked extends Kind> = {
  decodeGroup: SegmentColumns;
  checkGroup: null;
  decodeKeys: SegmentKeys;
}[Asked];

async function* walk<Asked extends Kind>(
  { store, thread }: ColdDeps,
  { objectKey, bytes, rows, footerBytes }: Place,
  kind: Asked,
): AsyncGenerator<Answer<Asked>, Prints> {
  const file = randomUUID();
  const footer = await store.read(objectKey, { from: bytes - footerBytes, to: bytes });
  try {
    const begin = { file, footer, known: { bytes, rows } };
    const groups = await decoded(objectKey, thread.ask('decodeBegin', begin));
    let from = 0;
    for (const [nth, { endByte }] of groups.entries()) {
      const read = await store.read(objectKey, { from, to: endByte });
      const asked = thread.ask<Kind>(kind, { file, nth, bytes: read, from });
      // TypeScript does not see that the answer is of the kind that was asked.
      yield (await decoded(objectKey, asked)) as Answer<Asked>;
      from = endByte;
    }
    const tail = await store.read(objectKey, { from, to: bytes });
    return await thread.ask('decodeEnd', { file, tail });
  } finally {
    await thread.ask('giveUp', file).catch(() => {}); // After its end there is nothing to give up.
  }
}

async function decoded<Result>(objectKey: string, asked: Promise<Result>): Promise<Result> {
  return asked.catch((error: unknown) => {
    const why = error instanceof Error ? error.message : 'unknown fault';
    throw segmentCorrupt(objectKey, `cannot be decoded: ${why}`);
  });
}
