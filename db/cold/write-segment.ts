import { dayOf, instantOf } from '../../domain/instant.ts';
import type { Kysely } from 'kysely';
import { PipelineError } from '../../domain/errors.ts';
import type { Segment } from '../../domain/segment.ts';
import type { Database } from '../schema.ts';
import type { SegmentColumns } from './segment.ts';
import type { SegmentThread } from './segment-thread.ts';
import type { ColdStore } from './store.ts';

export interface ColdDeps {
  readonly store: ColdStore;
  readonly thread: SegmentThread;
}

/** The same, for who replaces Segments or rows by others. */
export interface MoveDeps extends ColdDeps {
  readonly db: Kysely<Database>;
  /** See `withDayLocks`. */
  readonly locks: Kysely<Database>;
}

/** What was written, as far as its contents go; and what they must read back as. */
export type Written = Omit<Segment, 'segmentId' | 'companyNo' | 'objectKey'> & {
  readonly rowsSha256: string;
};

/**
 * Writes one Segment.
 *
 * @param groups The row groups, in order; at least one Message.
 */
export async function writeSegment(
  { store, thread }: ColdDeps,
  { companyId, objectKey }: { companyId: string; objectKey: string },
  groups: AsyncIterable<SegmentColumns>,
): Promise<Written> {
  const seen = openExtent();
  let bytes = 0;
  let end: Awaited<ReturnType<typeof finish>> | undefined;
  const file = objectKey;
  const finish = () => thread.ask('encodeEnd', file);

  await thread.ask('encodeBegin', { file, companyId });
  async function* encoded() {
    for await (const columns of groups) {
      seen.add(columns);
      const part = await thread.ask('encodeGroup', { file, columns });
      bytes += part.length;
      yield part;
    }
    end = await finish();
    bytes += end.bytes.length;
    yield end.bytes;
  }
  await store.put(objectKey, encoded()).catch(async (error: unknown) => {
    await thread.ask('giveUp', file).catch(() => {});
    // Its key is nobody else's: an answer got lost, and S3 was asked again. It is read back anyway.
    const isOurs = error instanceof PipelineError && error.code === 'OBJECT_EXISTS' && end;
    if (!isOurs) throw error;
  });
  if (!end) throw new Error('the store took an object and did not read it to its end');
  const { footerBytes, sha256, rowsSha256 } = end;
  return { ...seen.extent(), bytes, footerBytes, sha256, rowsSha256 };
}

const DAY_MS = 86_400_000;

/** From where to where the Messages of a Segment reach. */
function openExtent() {
  let rows = 0;
  let [firstMs, lastMs] = [Infinity, -Infinity];
  const perDay = new Map<number, number>();
  let [firstConversationNo, lastConversationNo] = [Infinity, 0];
  return {
    add({ createdAtMs, conversationNos }: SegmentColumns): void {
      rows += createdAtMs.length;
      for (const timeMs of createdAtMs) {
        if (timeMs < firstMs) firstMs = timeMs;
        if (timeMs > lastMs) lastMs = timeMs;
        const day = Math.floor(timeMs / DAY_MS);
        perDay.set(day, (perDay.get(day) ?? 0) + 1);
      }
      firstConversationNo = Math.min(firstConversationNo, conversationNos.at(0) ?? Infinity);
      lastConversationNo = Math.max(lastConversationNo, conversationNos.at(-1) ?? 0);
    },
    extent: () => ({
      rows,
      days: [...perDay].map(([day, count]) => ({
        day: dayOf(instantOf(day * DAY_MS)),
        rows: count,
      })),
      firstCreatedAt: instantOf(firstMs),
      lastCreatedAt: instantOf(lastMs),
      firstConversationNo,
      lastConversationNo,
    }),
  };
}
