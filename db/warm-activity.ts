import { timeOf, toDatetime } from './datetime.ts';
import { instantOf } from '../domain/instant.ts';
import type { Datetime } from './schema.ts';

const BUCKET_SECONDS = 300;
/** MySQL's `to_seconds` counts from the year 0, so that a bucket never is negative. */
const SECONDS_BEFORE_1970 = 62_167_219_200;

/** The five minutes that a moment lies in; in SQL `floor(to_seconds(created_at) / 300)`. */
export function bucketOf(datetime: Datetime): number {
  const seconds = Math.floor(timeOf(datetime) / 1_000);
  return Math.floor((seconds + SECONDS_BEFORE_1970) / BUCKET_SECONDS);
}

/** The first moment of a bucket. */
export function bucketStart(bucketNo: number): Datetime {
  const seconds = bucketNo * BUCKET_SECONDS - SECONDS_BEFORE_1970;
  return toDatetime(instantOf(seconds * 1_000));
}
