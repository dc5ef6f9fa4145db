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

/** Adds what a set holds to others. */
export function addNumberSet(bytes: Uint8Array | null, into: readonly Set<number>[]): number {
  let [count, number, step, factor] = [0, 0, 0, 1];
  for (const byte of bytes ?? []) {
    step += (byte & 0x7f) * factor;
    factor *= 0x80;
    if (byte >= 0x80) continue;
    number += step;
    count += 1;
    for (const set of into) set.add(number);
    [step, factor] = [0, 1];
  }
  return count;
}
