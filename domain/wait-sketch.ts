import { PipelineError } from './errors.ts';

/**
 * How long answers took: a histogram of few bytes that can be added up over hours, and whose
 * quantiles are off by at most 1 %. What two processes counted of the same hours is merged by adding.
 *
 * DDSketch: Masson, Rim, Lee, *DDSketch: A Fast and Fully-Mergeable Quantile Sketch with
 * Relative-Error Guarantees*, VLDB 2019. Bucket `b ≥ 1` holds the waits in (γᵇ⁻², γᵇ⁻¹] ms, bucket 0
 * those of 0 ms.
 */
export interface WaitSketch {
  count: number;
  readonly counts: Map<number, number>;
}

/** The most a quantile can be off, as a share of it. */
export const WAIT_ACCURACY = 0.01;
/** A longer wait counts as one of this: an answer a month late is not late by a quantile. */
export const SKETCHED_MS_MAX = 30 * 24 * 60 * 60 * 1_000;

const GAMMA = (1 + WAIT_ACCURACY) / (1 - WAIT_ACCURACY);
const LOG_GAMMA = Math.log(GAMMA);
const BUCKET_MAX = bucketOf(SKETCHED_MS_MAX);
/** What the first byte says. Another coding gets the next number. */
const CODING = 1;

export function newWaitSketch(): WaitSketch {
  return { count: 0, counts: new Map() };
}

/** @param ms Milliseconds between question and answer, at least 0. */
export function addWait(sketch: WaitSketch, ms: number): void {
  if (!(ms >= 0)) throw new RangeError(`ms: ${ms}`);
  add(sketch, bucketOf(Math.min(ms, SKETCHED_MS_MAX)), 1);
}

/** Adds what `other` counted to `into`; the order of merging does not matter. */
export function mergeWaits(into: WaitSketch, other: WaitSketch): void {
  for (const [bucket, count] of other.counts) add(into, bucket, count);
}

/**
 * The wait that a share of all did not exceed.
 *
 * @param q  From 0 to 1: 0.5 for the median.
 * @returns  Milliseconds, off by at most `WAIT_ACCURACY` of themselves; null of nothing.
 */
export function waitAtQuantile(sketch: WaitSketch, q: number): number | null {
  if (!(q >= 0 && q <= 1)) throw new RangeError(`q: ${q}`);
  const rank = q * (sketch.count - 1);
  let seen = 0;
  for (const [bucket, count] of ascending(sketch)) {
    seen += count;
    if (seen > rank) return middleOf(bucket);
  }
  return null;
}

/** How many waits were longer than `ms`; one within `WAIT_ACCURACY` of it may count either way. */
export function waitsAbove(sketch: WaitSketch, ms: number): number {
  let above = 0;
  for (const [bucket, count] of sketch.counts) if (middleOf(bucket) > ms) above += count;
  return above;
}

/** For storing: a byte for the coding, then for each bucket the step from the last one and its count. */
export function waitsToBytes(sketch: WaitSketch): Buffer {
  const bytes = [CODING];
  let last = 0;
  for (const [bucket, count] of ascending(sketch)) {
    writeVarint(bytes, bucket - last);
    writeVarint(bytes, count);
    last = bucket;
  }
  return Buffer.from(bytes);
}

/** @throws PipelineError `WAITS_CORRUPT` if the bytes were not made by `waitsToBytes`. */
export function waitsFromBytes(bytes: Uint8Array): WaitSketch {
  const sketch = newWaitSketch();
  if (bytes[0] !== CODING) throw waitsCorrupt(`its first byte is ${bytes[0] ?? 'missing'}`);
  const place = { bytes, at: 1 };
  let bucket = 0;
  while (place.at < bytes.length) {
    bucket += readVarint(place);
    if (bucket > BUCKET_MAX) throw waitsCorrupt(`it has a bucket ${bucket}`);
    add(sketch, bucket, readVarint(place));
  }
  return sketch;
}

function bucketOf(ms: number): number {
  return ms < 1 ? 0 : Math.ceil(Math.log(ms) / LOG_GAMMA) + 1;
}

/** The one number that is within `WAIT_ACCURACY` of both ends of the bucket. */
function middleOf(bucket: number): number {
  return bucket === 0 ? 0 : (2 * GAMMA ** (bucket - 1)) / (GAMMA + 1);
}

function add(sketch: WaitSketch, bucket: number, count: number): void {
  sketch.counts.set(bucket, (sketch.counts.get(bucket) ?? 0) + count);
  sketch.count += count;
}

function ascending({ counts }: WaitSketch): [bucket: number, count: number][] {
  return [...counts].toSorted(([a], [b]) => a - b);
}

/** LEB128, as in protobuf: seven bits a byte, the lowest first. Divides, since counts pass 2³². */
function writeVarint(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
}

function readVarint(place: { readonly bytes: Uint8Array; at: number }): number {
  let value = 0;
  for (let factor = 1; factor <= Number.MAX_SAFE_INTEGER; factor *= 0x80) {
    const byte = place.bytes[place.at];
    if (byte === undefined) throw waitsCorrupt('it ends inside a number');
    place.at += 1;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return value;
  }
  throw waitsCorrupt('it has a number that is too long');
}

const waitsCorrupt = (how: string) =>
  new PipelineError('WAITS_CORRUPT', `sketch of waits: ${how}; count its hour again`, {
    retry: 'never',
  });
