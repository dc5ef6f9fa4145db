import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Entry } from '../../../db/cold/catalogue.ts';
import { openSegmentEncoder } from '../../../db/cold/encode-segment.ts';
import { openFileStore } from '../../../db/cold/file-store.ts';
import { openFooters } from '../../../db/cold/footers.ts';
import { decodeGroup, decodeTimes, type SegmentColumns } from '../../../db/cold/segment.ts';
import type { SegmentFooter } from '../../../db/cold/segment-footer.ts';

const ROWS = [300, 40];

/** A row group whose ids are random, so that they lie in the file as they are. */
function columnsOf(rows: number, conversationNo: number): SegmentColumns {
  const each = <Value>(value: (nth: number) => Value) =>
    Array.from({ length: rows }, (_, nth) => value(nth));
  return {
    conversationNos: each(() => conversationNo),
    conversationIds: each(() => `c-${conversationNo}`),
    clientIds: each(() => 'ana'),
    createdAtMs: each((nth) => 1_770_000_000_000 + nth * 1_234),
    messageIds: new Uint8Array(randomBytes(16 * rows)),
    externalIds: each((nth) => (nth % 3 === 0 ? `wamid.${nth}` : null)),
    roles: each((nth) => (nth % 2 === 0 ? 'user' : 'bot')),
    contents: each((nth) => `Oi, número ${nth} 📦`),
    metadata: each((nth) => (nth % 5 === 0 ? `{"n":${nth}}` : null)),
  };
}

let written: SegmentColumns[];
let whole: Uint8Array;
let entry: Entry;
let footer: SegmentFooter;
beforeAll(async () => {
  written = ROWS.map((rows, nth) => columnsOf(rows, nth + 1));
  const encoder = openSegmentEncoder('padaria');
  const parts: Uint8Array[] = [];
  for (const columns of written) parts.push(await encoder.add(columns));
  const end = await encoder.finish();
  whole = new Uint8Array(Buffer.concat([...parts, end.bytes]));
  const { footerBytes } = end;
  entry = { segmentId: 's', objectKey: 'k', rows: 340, bytes: whole.length, footerBytes } as Entry;
  footer = await read(whole);
});

function read(bytes: Uint8Array, known = entry): Promise<SegmentFooter> {
  const store = {
    ...openFileStore('file:///nowhere'),
    read: (_key: string, { from, to }: { from: number; to: number }) =>
      Promise.resolve(bytes.slice(from, to)),
  };
  return openFooters(store).of(known);
}

/** The same bytes with one bit another, once for each of the bytes from one place to another. */
function* flipped(bytes: Uint8Array, from: number, to: number): Generator<Uint8Array> {
  for (let at = from; at < to; at += 1) yield bytes.with(at, (bytes[at] ?? 0) ^ (1 << (at % 8)));
}

const corrupt = (error: { code?: string }) => {
  expect(error).toMatchObject({ code: 'SEGMENT_CORRUPT' });
  return null;
};
const refused = (reading: Promise<unknown>) =>
  reading.then(
    () => false,
    () => true,
  );

describe('a Segment in which one bit has changed', () => {
  it('gives what was written when none has', async () => {
    for (const [nth, columns] of written.entries()) {
      expect(await decodeGroup(footer, nth, { bytes: whole, from: 0 })).toEqual(columns);
    }
  });

  // Red without the checksum over the table of contents.
  it('is told by its table of contents', async () => {
    for (const bytes of flipped(whole, whole.length - entry.footerBytes, whole.length)) {
      const answer = await read(bytes).catch(corrupt);
      if (answer !== null) expect(answer).toEqual(footer);
    }
  });

  // Red without `isSound`: a page would ask for bytes that are not there, or for gigabytes.
  it('leads no read astray, also where the file is too old to have checksums', async () => {
    const tail = whole.subarray(-8);
    const footerBytes = new DataView(tail.buffer, tail.byteOffset).getUint32(0, true) + 8;
    const old = { ...entry, footerBytes };
    for (const bytes of flipped(whole, whole.length - footerBytes, whole.length)) {
      const answer = await read(bytes, old).catch(corrupt);
      let [end, rows] = [0, 0];
      for (const group of answer?.groups ?? []) {
        const { startByte, timesStartByte, timesEndByte, endByte } = group;
        const places = [end, startByte, timesStartByte, timesEndByte, endByte, whole.length];
        expect(places).toEqual(places.toSorted((a, b) => a - b));
        expect(Number.isFinite(group.firstCreatedAtMs + group.lastCreatedAtMs)).toBe(true);
        expect(Number.isFinite(group.firstConversationNo + group.lastConversationNo)).toBe(true);
        [end, rows] = [endByte, rows + group.rows];
      }
      if (answer) expect(rows).toBe(entry.rows);
    }
  });

  // Red without the checksums of row groups: ids, and which texts are null, lie there as they are.
  it('is told by each row group, and by its times', async () => {
    const [group] = footer.groups;
    if (!group) throw new Error('no row group');
    for (const bytes of flipped(whole, group.startByte, group.endByte)) {
      if (!(await refused(decodeGroup(footer, 0, { bytes, from: 0 })))) throw new Error('altered');
    }
    const { timesStartByte: from, timesEndByte: to } = group;
    for (const bytes of flipped(whole.slice(from, to), 0, to - from)) {
      if (!(await refused(decodeTimes(footer, 0, { bytes, from })))) throw new Error('altered');
    }
  });

  // Red without zstd's own checksum.
  it('is told by other readers', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'camadas-bytes-'));
    const at = Buffer.from(whole).indexOf(written[0]?.messageIds.subarray(800, 816) ?? '');
    expect(at).toBeGreaterThan(0);
    await writeFile(join(folder, 'whole.parquet'), whole);
    await writeFile(join(folder, 'flipped.parquet'), whole.with(at, (whole[at] ?? 0) ^ 1));
    const duck = await (await DuckDBInstance.create()).connect();
    const ask = async (name: string) => {
      const sql = `select count(distinct message_id) from '${join(folder, name)}'`;
      return (await duck.runAndReadAll(sql)).getRows();
    };

    expect(await ask('whole.parquet')).toEqual([[340n]]);
    await expect(ask('flipped.parquet')).rejects.toThrow(/checksum|ZSTD|decompress/i);
    duck.closeSync();
    await rm(folder, { recursive: true });
  });
});
