import { describe, expect, it } from 'vitest';
import { PipelineError } from '../../domain/errors.ts';
import {
  addWait,
  mergeWaits,
  newWaitSketch,
  WAIT_ACCURACY,
  SKETCHED_MS_MAX,
  waitAtQuantile,
  waitsAbove,
  waitsFromBytes,
  waitsToBytes,
} from '../../domain/wait-sketch.ts';
import { randomOf } from './random.ts';

const QUANTILES = [0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1];

const sketchOf = (waits: readonly number[]) => {
  const sketch = newWaitSketch();
  for (const ms of waits) addWait(sketch, ms);
  return sketch;
};

/** From one millisecond to weeks: what bots, people and weekends take. */
const someWaits = (count: number, seed: number) => {
  const random = randomOf(seed);
  return Array.from({ length: count }, () =>
    Math.min(SKETCHED_MS_MAX, Math.floor(Math.exp(8 + 3 * random.normal()))),
  );
};

describe('a sketch of waits', () => {
  it.each([1, 2, 10, 10_000])('gives quantiles of %i waits within 1 %%', (count) => {
    const waits = someWaits(count, count);
    const sorted = waits.toSorted((a, b) => a - b);
    const sketch = sketchOf(waits);

    for (const q of QUANTILES) {
      const exact = sorted[Math.floor(q * (count - 1))] ?? NaN;
      const error = Math.abs((waitAtQuantile(sketch, q) ?? NaN) - exact);
      expect(error).toBeLessThanOrEqual(exact * WAIT_ACCURACY * (1 + 1e-9));
    }
  });

  it('is the same whether its waits were counted together or merged, in any order', () => {
    const parts = [1, 2, 3].map((seed) => someWaits(500, seed));
    const whole = sketchOf(parts.flat());

    for (const order of [parts, parts.toReversed()]) {
      const merged = newWaitSketch();
      for (const part of order) mergeWaits(merged, sketchOf(part));
      expect(waitsToBytes(merged)).toEqual(waitsToBytes(whole));
      expect(merged.count).toBe(1_500);
    }
  });

  it('counts those above a limit, as near to it as a quantile is', () => {
    const waits = someWaits(5_000, 7);
    const exactly = (limit: number) => waits.filter((ms) => ms > limit).length;
    const above = waitsAbove(sketchOf(waits), 10_000);
    expect(above).toBeLessThanOrEqual(exactly(10_000 * (1 - 2 * WAIT_ACCURACY)));
    expect(above).toBeGreaterThanOrEqual(exactly(10_000 * (1 + 2 * WAIT_ACCURACY)));
  });

  it('comes back whole from its bytes, also with counts beyond 32 bits', () => {
    const sketch = sketchOf(someWaits(2_000, 4));
    for (let doubled = 0; doubled < 30; doubled += 1) mergeWaits(sketch, copyOf(sketch));
    expect(sketch.count).toBe(2_000 * 2 ** 30);
    expect(waitsFromBytes(waitsToBytes(sketch))).toEqual(sketch);
    expect(waitsFromBytes(waitsToBytes(newWaitSketch()))).toEqual(newWaitSketch());
  });

  it('takes at most three kilobytes, whatever comes', () => {
    const everything = Array.from({ length: 20_000 }, (_, at) => SKETCHED_MS_MAX ** (at / 20_000));
    expect(waitsToBytes(sketchOf([0, ...everything])).length).toBeLessThan(3 * 1024);
  });

  it('counts what took longer than a month as a month', () => {
    const longest = waitAtQuantile(sketchOf([SKETCHED_MS_MAX * 12]), 1) ?? NaN;
    expect(Math.abs(longest - SKETCHED_MS_MAX)).toBeLessThanOrEqual(
      SKETCHED_MS_MAX * WAIT_ACCURACY,
    );
  });

  it('knows answers that took no time, and gives nothing of nothing', () => {
    expect(waitAtQuantile(sketchOf([0, 0, 0]), 0.5)).toBe(0);
    expect(waitAtQuantile(newWaitSketch(), 0.5)).toBeNull();
  });

  it.each([-1, NaN])('refuses a wait of %d ms, a bug of its caller', (ms) => {
    expect(() => addWait(newWaitSketch(), ms)).toThrow(RangeError);
  });

  it.each([
    ['nothing', []],
    ['another coding', [2, 0, 1]],
    ['half a number', [1, 0, 0x80]],
    ['a bucket without a count', [1, 5]],
    ['a wait beyond a month', [1, 0xff, 0x7f, 1]],
    ['a number beyond all', [1, ...Array<number>(9).fill(0xff), 1, 1]],
  ])('is refused as bytes that are %s', (_what, bytes) => {
    const reading = () => waitsFromBytes(Uint8Array.from(bytes));
    expect(reading).toThrow(PipelineError);
    expect(reading).toThrow('count its hour again');
  });
});

const copyOf = (sketch: ReturnType<typeof newWaitSketch>) => ({
  count: sketch.count,
  counts: new Map(sketch.counts),
});
