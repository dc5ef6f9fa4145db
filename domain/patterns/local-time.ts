/** An hour as clocks on a wall show it. */
export interface LocalHour {
  /** `YYYY-MM-DD`. */
  readonly day: string;
  /** 1 for Monday to 7 for Sunday, as in ISO 8601. */
  readonly weekday: number;
  /** 0 to 23. */
  readonly hour: number;
}

export const HOUR_MS = 60 * 60 * 1_000;
export const DAY_MS = 24 * HOUR_MS;

/**
 * Tells the local hour that a moment lies in.
 *
 * Counts come by UTC hour. Where clocks differ from UTC by half an hour, such an hour lies in two
 * local ones, and is counted in the one it begins in.
 *
 * @param timeZone IANA's name, such as `America/Sao_Paulo`.
 * @throws RangeError If there is no such zone.
 */
export function localClockOf(timeZone: string): (timeMs: number) => LocalHour {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    calendar: 'iso8601',
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
  });
  return (timeMs) => {
    const parts = new Map(format.formatToParts(timeMs).map(({ type, value }) => [type, value]));
    const day = `${parts.get('year')}-${parts.get('month')}-${parts.get('day')}`;
    return { day, weekday: weekdayOf(day), hour: Number(parts.get('hour')) };
  };
}

function weekdayOf(day: string): number {
  return new Date(`${day}T00:00:00Z`).getUTCDay() || 7;
}
