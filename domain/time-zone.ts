/**
 * The one name of a time zone: most have several, and each may be written in any case.
 *
 * @param name An IANA name, or an offset.
 * @throws RangeError If there is no such zone.
 */
export function zoneNameOf(name: string): string {
  return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
}

/** Whether it is IANA's name of a zone. Intl takes an offset, too: it knows no summer time. */
export function isTimeZone(name: string): boolean {
  try {
    return /^[A-Z]/i.test(zoneNameOf(name));
  } catch {
    return false;
  }
}
