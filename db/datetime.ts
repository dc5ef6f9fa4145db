import type { Instant } from '../domain/instant.ts';
import type { Datetime } from './schema.ts';

export function toDatetime(instant: Instant): Datetime {
  return `${instant.slice(0, 10)} ${instant.slice(11, 23)}`;
}

/** Milliseconds since 1970. */
export function timeOf(datetime: Datetime): number {
  return Date.parse(fromDatetime(datetime));
}

export function fromDatetime(datetime: Datetime): Instant {
  return `${datetime.slice(0, 10)}T${datetime.slice(11)}Z`;
}
