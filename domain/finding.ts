/** Something about a server, seen at boot, that puts a promise at risk. */
export interface Finding {
  /** `broken`: a promise cannot be kept, so the Fleet does not start. `weak`: it starts, and says so. */
  readonly severity: 'broken' | 'weak';
  /** What is so, which promise it touches, and what to do. */
  readonly sentence: string;
}

export const CLOCK_SKEW_MS_MAX = 1_000;

/** A server whose clock differs from ours by more than a second: delays and dates come out wrong. */
export function clockFinding(server: string, skewMs: number): Finding[] {
  if (Math.abs(skewMs) <= CLOCK_SKEW_MS_MAX) return [];
  const seconds = (skewMs / 1_000).toFixed(1);
  const sentence = `the clock of ${server} differs from this host's by ${seconds} s; run NTP on both`;
  return [{ severity: 'weak', sentence }];
}
