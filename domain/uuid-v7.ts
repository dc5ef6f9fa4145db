/**
 * A UUID of version 7 (RFC 9562, §5.7), which grows with time: 48 bits of time, then the random bits
 * and the variant of one of version 4.
 *
 * @param timeMs Whole milliseconds since 1970, below 2⁴⁸.
 * @param uuidV4 Where the randomness comes from.
 */
export function uuidV7(timeMs: number, uuidV4: string): string {
  const time = timeMs.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${uuidV4.slice(15)}`;
}
