const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Milliseconds, in the unit in which people would tell them. */
export function durationOf(ms: number): string {
  if (ms < SECOND_MS) return `${Math.round(ms)} ms`;
  // As it is shown: 59.9 s are a minute.
  const seconds = Math.round(ms / SECOND_MS);
  if (seconds < 60)
    return ms < 10 * SECOND_MS ? `${(ms / SECOND_MS).toFixed(1)} s` : `${seconds} s`;
  const minutes = Math.round(ms / MINUTE_MS);
  return minutes < 60 ? `${minutes} min` : `${(ms / HOUR_MS).toFixed(1)} h`;
}
