import { instantOf, TIME_MS_MAX } from '../../domain/instant.ts';

/** Numbers from here on are milliseconds since 1970, smaller ones seconds: in seconds, the year 5138. */
const MS_FROM = 1e11;
const NUMBER = /^\d{1,16}(\.\d+)?$/;
const DATETIME = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(:\d\d)?([.,]\d+)?\s*(Z|[+-]\d\d(?::?\d\d)?)?$/i;

/**
 * A moment as older systems write it: ISO 8601, a `datetime` of a database (UTC, if it names no
 * offset), seconds or milliseconds since 1970.
 *
 * @returns In ISO 8601; what is none of these as it was, for the check to refuse.
 */
export function momentOf(value: unknown): unknown {
  if (typeof value === 'number') return fromNumber(value) ?? value;
  if (typeof value !== 'string') return value;
  const text = value.trim();
  if (NUMBER.test(text)) return fromNumber(Number(text)) ?? value;
  const parts = DATETIME.exec(text);
  if (!parts) return value;
  const [, day, minutes, seconds = ':00', fraction = '.000', offset = 'Z'] = parts;
  const millis = fraction.slice(1, 4).padEnd(3, '0');
  return `${day}T${minutes}${seconds}.${millis}${offsetOf(offset)}`;
}

function fromNumber(value: number): string | null {
  const timeMs = Math.floor(value < MS_FROM ? value * 1_000 : value);
  return timeMs >= 0 && timeMs <= TIME_MS_MAX ? instantOf(timeMs) : null;
}

/** `+02`, `+0200` and `+02:00` are the same. */
function offsetOf(text: string): string {
  if (/^z$/i.test(text)) return 'Z';
  const digits = text.slice(1).replace(':', '').padEnd(4, '0');
  const offset = `${text[0]}${digits.slice(0, 2)}:${digits.slice(2)}`;
  return offset === '+00:00' || offset === '-00:00' ? 'Z' : offset;
}
