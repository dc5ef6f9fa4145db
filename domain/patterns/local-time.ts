import { DAY_MS, HOUR_MS } from '../instant.ts';

/** An hour as clocks on a wall show it. */
export interface LocalHour {
  /** `YYYY-MM-DD`. */
  readonly day: string;
  /** 1 for Monday to 7 for Sunday, as in ISO 8601. */
  readonly weekday: number;
  /** 0 to 23. */
  readonly hour: number;
}

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
  const offsetAt = offsetsOf(timeZone);
  const names = new Map<number, string>();
  return (timeMs) => {
    const localMs = timeMs + offsetAt(timeMs);
    const days = Math.floor(localMs / DAY_MS);
    const day = names.get(days) ?? new Date(localMs).toISOString().slice(0, 10);
    names.set(days, day);
    const hour = Math.floor((localMs - days * DAY_MS) / HOUR_MS);
    return { day, weekday: ((days + THURSDAY - 1) % 7) + 1, hour };
  };
}

/** What 1970-01-01 was. */
const THURSDAY = 4;

/** Intl takes microseconds, so it is asked for each hour only on days on which clocks change. */
function offsetsOf(timeZone: string): (timeMs: number) => number {
  const ask = askingIntl(timeZone);
  const byDay = new Map<number, number | null>();
  return (timeMs) => {
    const day = Math.floor(timeMs / DAY_MS);
    let offset = byDay.get(day);
    if (offset === undefined) {
      const [first, last] = [ask(day * DAY_MS), ask((day + 1) * DAY_MS - 1)];
      offset = first === last ? first : null;
      byDay.set(day, offset);
    }
    return offset ?? ask(timeMs);
  };
}

/** Milliseconds that local clocks are ahead of UTC, to the second. */
function askingIntl(timeZone: string): (timeMs: number) => number {
  const format = new Intl.DateTimeFormat('en', {
    timeZone,
    calendar: 'iso8601',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (timeMs) => {
    const parts = format.formatToParts(timeMs);
    const part = (wanted: string) => Number(parts.find(({ type }) => type === wanted)?.value);
    const day = Date.UTC(part('year'), part('month') - 1, part('day'));
    const local = day + part('hour') * HOUR_MS + part('minute') * 60_000 + part('second') * 1_000;
    return local - Math.floor(timeMs / 1_000) * 1_000;
  };
}
