/**
 * Different numbers as few bytes: sorted, each as its distance from the one before, seven bits to a
 * byte (LEB128). Of some thousand neighbours most take one or two.
 */
export function toNumberSet(numbers: Iterable<number>): Buffer {
  const bytes: number[] = [];
  let last = 0;
  for (const number of [...new Set(numbers)].sort((a, b) => a - b)) {
    let rest = number - last;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
    bytes.push(rest);
    last = number;
  }
  return Buffer.from(bytes);
}

/** Calls for each number of a set, in order. */
export function eachNumber(bytes: Uint8Array | null, see: (number: number) => void): void {
  let [number, step, factor] = [0, 0, 1];
  for (const byte of bytes ?? []) {
    step += (byte & 0x7f) * factor;
    factor *= 0x80;
    if (byte >= 0x80) continue;
    number += step;
    see(number);
    [step, factor] = [0, 1];
  }
}

/** How many numbers a set holds. */
export function sizeOf(bytes: Uint8Array | null): number {
  let size = 0;
  eachNumber(bytes, () => (size += 1));
  return size;
}

/** Counts different numbers, bucket by bucket, and in all of them. */
export function openDistinct(buckets: number) {
  const perBucket = Array.from({ length: buckets }, () => 0);
  const seen = openSeen();
  let current = -1;
  let inCurrent = new Set<number>();
  let total = 0;
  return {
    /** @param bucket Not before one that was given earlier. */
    add(number: number, bucket: number): void {
      if (bucket !== current) [current, inCurrent] = [bucket, new Set()];
      inCurrent.add(number);
      perBucket[bucket] = inCurrent.size;
      if (seen.isNew(number)) total += 1;
    },
    perBucket,
    all: () => total,
  };
}

/** Numbers come from one row for all Companies: those of one lie side by side, or far apart. */
const BLOCK_NUMBERS = 65_536;
/** The bits of a block take as much as about so many numbers in a Set. */
const LOOSE_MAX = 256;

/** Which numbers there were: in blocks, each of a few loose numbers or of a bit for every number. */
function openSeen() {
  const blocks = new Map<number, Set<number> | Uint8Array>();
  return {
    isNew(number: number): boolean {
      const [at, place] = [Math.floor(number / BLOCK_NUMBERS), number % BLOCK_NUMBERS];
      const block = blocks.get(at) ?? new Set();
      if (block instanceof Uint8Array) return setBit(block, place);
      if (block.has(place)) return false;
      block.add(place);
      blocks.set(at, block.size > LOOSE_MAX ? toBits(block) : block);
      return true;
    },
  };
}

function toBits(places: ReadonlySet<number>): Uint8Array {
  const bits = new Uint8Array(BLOCK_NUMBERS / 8);
  for (const place of places) setBit(bits, place);
  return bits;
}

/** @returns Whether it was not set before. */
function setBit(bits: Uint8Array, place: number): boolean {
  const [at, mask] = [place >> 3, 1 << (place & 7)];
  const before = bits[at] ?? 0;
  bits[at] = before | mask;
  return (before & mask) === 0;
}
