/**
 * Says of a page which tiers were asked for it, and of one out of the cache how old it is, in
 * seconds. In headers: the page itself stays the same wherever its messages are, and so does its
 * ETag.
 */
export function originHeaders(
  { tiers, loadedAtMs }: { tiers: readonly string[]; loadedAtMs?: number },
  nowMs = 0,
): Record<string, string> {
  const headers = { 'camadas-tiers': tiers.join(', ') };
  if (loadedAtMs === undefined || !tiers.includes('cache')) return headers;
  return { ...headers, age: String(Math.max(0, Math.round((nowMs - loadedAtMs) / 1_000))) };
}
