import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type InFlight, openInFlight } from '../../queues/in-flight.ts';

const LIMITS = { itemsMax: 2, bytesMax: 100, waitMs: 50 };

describe('what is in flight', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('enters at once while there is room for its number and its bytes', () => {
    const inFlight = openInFlight(LIMITS);
    expect(inFlight.enter(50)).toBe(true);
    expect(inFlight.enter(50)).toBe(true);
    expect(inFlight.enter(0)).toBeInstanceOf(Promise);
  });

  it('waits when its bytes do not fit', () => {
    const inFlight = openInFlight(LIMITS);
    expect(inFlight.enter(50)).toBe(true);
    expect(inFlight.enter(51)).toBeInstanceOf(Promise);
  });

  it('may be larger than the limit when it is alone', async () => {
    const inFlight = openInFlight(LIMITS);
    expect(inFlight.enter(1_000)).toBe(true);
    const next = inFlight.enter(1_000);
    inFlight.leave(1_000);
    expect(await next).toBe(true);
  });

  it('enters in the order in which it came', async () => {
    const inFlight = openInFlight(LIMITS);
    void inFlight.enter(1);
    void inFlight.enter(1);
    const entered = enterAll(inFlight, { a: 1, b: 1, c: 1 });

    inFlight.leave(1);
    await settle();
    expect(entered).toEqual(['a']);
    inFlight.leave(1);
    inFlight.leave(1);
    await settle();
    expect(entered).toEqual(['a', 'b', 'c']);
  });

  it('is not overtaken by a smaller one', async () => {
    const inFlight = openInFlight(LIMITS);
    void inFlight.enter(60);
    const entered = enterAll(inFlight, { large: 80, small: 1 });
    await settle();
    expect(entered).toEqual([]);

    inFlight.leave(60);
    await settle();
    expect(entered).toEqual(['large', 'small']);
  });

  it('gives up when the wait is over, and takes no room then', async () => {
    const inFlight = openInFlight(LIMITS);
    void inFlight.enter(100);
    const late = inFlight.enter(100);
    await vi.advanceTimersByTimeAsync(50);
    expect(await late).toBe(false);

    inFlight.leave(100);
    expect(inFlight.enter(100)).toBe(true);
  });

  it('lets in who fits once the large one before it has given up', async () => {
    const inFlight = openInFlight(LIMITS);
    void inFlight.enter(50);
    const large = inFlight.enter(80);
    await vi.advanceTimersByTimeAsync(30);
    const small = inFlight.enter(10);
    await vi.advanceTimersByTimeAsync(20);
    expect(await large).toBe(false);
    expect(await small).toBe(true);
  });

  it('gives up one by one, each when its own wait is over', async () => {
    const inFlight = openInFlight({ ...LIMITS, itemsMax: 1 });
    void inFlight.enter(1);
    const first = inFlight.enter(1);
    await vi.advanceTimersByTimeAsync(30);
    const second = inFlight.enter(1);
    await vi.advanceTimersByTimeAsync(20);
    expect(await first).toBe(false);

    inFlight.leave(1);
    expect(await second).toBe(true);
  });

  it('holds on for as long as it takes when the wait has no end', async () => {
    const inFlight = openInFlight({ ...LIMITS, itemsMax: 1, waitMs: Infinity });
    void inFlight.enter(1);
    const patient = inFlight.enter(1);
    await vi.advanceTimersByTimeAsync(365 * 24 * 60 * 60 * 1000);
    inFlight.leave(1);
    expect(await patient).toBe(true);
  });

  it('keeps the order and the limits with thousands in line', async () => {
    const inFlight = openInFlight({ itemsMax: 3, bytesMax: 100, waitMs: Infinity });
    const order: number[] = [];
    let inside = 0;
    let insideMax = 0;
    const visits = Array.from({ length: 5_000 }, async (_, at) => {
      await inFlight.enter(1);
      order.push(at);
      insideMax = Math.max(insideMax, (inside += 1));
      await Promise.resolve();
      inside -= 1;
      inFlight.leave(1);
    });
    await Promise.all(visits);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(insideMax).toBe(3);
  });
});

/** Lets each stand in line; gathers the names in the order in which they got in. */
function enterAll(inFlight: InFlight, sizes: Record<string, number>): string[] {
  const entered: string[] = [];
  for (const [name, bytes] of Object.entries(sizes)) {
    void Promise.resolve(inFlight.enter(bytes)).then(() => entered.push(name));
  }
  return entered;
}

const settle = () => vi.advanceTimersByTimeAsync(0);
