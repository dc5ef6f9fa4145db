import { crc32 } from 'node:zlib';

/** Of what a page reads of a row group: all of it, or its times alone. */
export interface GroupChecksums {
  readonly whole: number;
  readonly times: number;
}

/** Its own length in front of the magic word, at the very end of the file. */
const TRAILER_BYTES = 8;
const WORD = 4;

/**
 * Puts checksums in front of a footer, where other readers do not look: one of all that follows to the
 * end of the file, then two for each row group.
 *
 * @param tail The last bytes of a Parquet file.
 * @returns The same with the checksums, and how many of its last bytes are to be read with them.
 */
export function withChecksums(
  tail: Uint8Array,
  groups: readonly GroupChecksums[],
): { bytes: Uint8Array<ArrayBuffer>; footerBytes: number } {
  const footer = tail.subarray(-footerBytesOf(tail));
  const sums = toBytes(groups.flatMap(({ whole, times }) => [whole, times]));
  const own = toBytes([crc32(footer, crc32(sums))]);
  const indexes = tail.subarray(0, tail.length - footer.length);
  return {
    bytes: new Uint8Array(Buffer.concat([indexes, own, sums, footer])),
    footerBytes: own.length + sums.length + footer.length,
  };
}

/**
 * @param bytes A footer with the checksums in front of it.
 * @returns Those of the row groups; none if the file was written before there were any.
 * @throws Error If the bytes are not what was written.
 */
export function readChecksums(bytes: Uint8Array): readonly GroupChecksums[] {
  const length = bytes.length - footerBytesOf(bytes);
  if (length === 0) return [];
  const view = viewOf(bytes);
  if (length < WORD || view.getUint32(0, true) !== crc32(bytes.subarray(WORD))) {
    throw new Error('its table of contents has changed');
  }
  const sums: GroupChecksums[] = [];
  for (let at = WORD; at < length; at += 2 * WORD) {
    sums.push({ whole: view.getUint32(at, true), times: view.getUint32(at + WORD, true) });
  }
  return sums;
}

function footerBytesOf(tail: Uint8Array): number {
  return viewOf(tail).getUint32(tail.length - TRAILER_BYTES, true) + TRAILER_BYTES;
}

function toBytes(words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(words.length * WORD);
  for (const [nth, word] of words.entries()) viewOf(bytes).setUint32(nth * WORD, word, true);
  return bytes;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
