import { hash } from 'node:crypto';
import type { Instant } from './instant.ts';

/** One immutable Parquet object of one Company, as the Catalogue knows it. */
export interface Segment {
  readonly segmentId: string;
  readonly companyNo: number;
  readonly objectKey: string;
  readonly rows: number;
  /** The same by UTC day. */
  readonly days: readonly DayRows[];
  readonly bytes: number;
  /** How many of its last bytes are its table of contents. */
  readonly footerBytes: number;
  readonly firstCreatedAt: Instant;
  readonly lastCreatedAt: Instant;
  readonly firstConversationNo: number;
  readonly lastConversationNo: number;
  /** Of the object's bytes, in hex. */
  readonly sha256: string;
}

export interface DayRows {
  /** `YYYY-MM-DD` */
  readonly day: string;
  readonly rows: number;
}

/**
 * Where an object lies. `company` and `month` in Hive's way, so that whoever reads the archive by
 * other means reads only the part wanted.
 *
 * @param day UTC day or month, `YYYY-MM-DD` or `YYYY-MM`.
 */
export function objectKeyOf(companyId: string, day: string, segmentId: string): string {
  const month = day.slice(0, 7);
  return `company=${hiveValue(companyId)}/month=${month}/${day}_${segmentId}.parquet`;
}

/** Names of folders may have 255 bytes. */
const VALUE_LENGTH_MAX = 200;

/**
 * As Hive writes values into paths: letters, digits and a few signs, all else as %XX in UTF-8. One
 * that gets too long that way is told by its hash; the Segment has it in full.
 */
function hiveValue(value: string): string {
  const bytes = [...Buffer.from(value)];
  const escaped = bytes
    .map((byte) => {
      const sign = String.fromCharCode(byte);
      if (/[\w.-]/.test(sign)) return sign;
      return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
  return escaped.length <= VALUE_LENGTH_MAX ? escaped : `sha256-${hash('sha256', value)}`;
}
