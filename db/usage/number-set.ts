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
  const all = openBitmap();
  let current = -1;
  let inCurrent = new Set<number>();
  let total = 0;
  return {
    /** @param bucket Not before one that was given earlier. */
    add(bytes: Uint8Array | null, bucket: number): void {
      if (bucket !== current) [current, inCurrent] = [bucket, new Set()];
      eachNumber(bytes, (number) => {
        inCurrent.add(number);
        if (all.isNew(number)) total += 1;
      });
      perBucket[bucket] = inCurrent.size;
    },
    perBucket,
    all: () => total,
  };
}

/** Which numbers there were, a bit for each up to the largest. */
function openBitmap() {
  let bits = new Uint8Array(1_024);
  return {
    isNew(number: number): boolean {
      const [at, mask] = [Math.floor(number / 8), 1 << (number % 8)];
      if (at >= bits.length) {
        const larger = new Uint8Array(Math.max(at + 1, bits.length * 2));
        larger.set(bits);
        bits = larger;
      }
      const before = bits[at] ?? 0;
      bits[at] = before | mask;
      return (before & mask) === 0;
    },
  };
}
