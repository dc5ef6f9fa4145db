import { LRUCache } from 'lru-cache';
import type { Entry } from './catalogue.ts';
import { segmentCorrupt } from './faults.ts';
import { readFooter, type SegmentFooter } from './segment-footer.ts';
import type { ColdStore } from './store.ts';

/** Row groups whose place is remembered, of all Segments together: about 5 KB each. */
const ROW_GROUPS_MAX = 4_000;

/** The tables of contents of Segments. They never change, so they are remembered as long as there is room. */
export interface Footers {
  /** @throws PipelineError `SEGMENT_CORRUPT`; `OBJECT_MISSING`; `COLD_UNREACHABLE`. */
  of(segment: Entry): Promise<SegmentFooter>;
}

/** What pages are read with. */
export interface ColdReader {
  readonly store: ColdStore;
  readonly footers: Footers;
}

export function openFooters(store: ColdStore): Footers {
  const remembered = new LRUCache<string, SegmentFooter>({
    maxSize: ROW_GROUPS_MAX,
    sizeCalculation: ({ groups }) => Math.max(1, groups.length),
  });
  const underWay = new Map<string, Promise<SegmentFooter>>();

  async function read({ objectKey, bytes, rows, footerBytes, segmentId }: Entry) {
    const tail = await store.read(objectKey, { from: bytes - footerBytes, to: bytes });
    try {
      const footer = readFooter(tail, { bytes, rows });
      remembered.set(segmentId, footer);
      return footer;
    } catch {
      throw segmentCorrupt(objectKey, 'its table of contents is damaged');
    }
  }

  return {
    of(segment) {
      const { segmentId } = segment;
      const known = remembered.get(segmentId);
      if (known) return Promise.resolve(known);
      const reading =
        underWay.get(segmentId) ?? read(segment).finally(() => underWay.delete(segmentId));
      underWay.set(segmentId, reading);
      return reading;
    },
  };
}
