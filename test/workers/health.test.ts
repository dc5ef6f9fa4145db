import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type HealthWatch, openHealthWatch } from '../../workers/health.ts';

const S = 1_000;
const START = Date.UTC(2026, 2, 1);

describe('health', () => {
  let watch: HealthWatch;
  beforeEach(() => {
    vi.useFakeTimers({ now: START });
    watch = openHealthWatch(START);
  });
  afterEach(() => void vi.useRealTimers());

  const judge = (persist: number, warm = 0) =>
    watch.judge(
      { persist, 'cache-warm': warm, 'archive-batch': 0, aggregate: 0, summarize: 0 },
      Date.now(),
    );
  const observe = (outcome: 'done' | 'retried' | 'delayed' | 'dead') =>
    watch.observe({ queue: 'persist', outcome, waitMs: 0, runMs: 0 });

  it('is well while nothing waits, however long nothing happens', () => {
    vi.advanceTimersByTime(3_600 * S);

    expect(judge(0)).toEqual({ isHealthy: true, reason: '' });
  });

  it('is not well when jobs wait and none gets done: to be connected is not enough', () => {
    expect(judge(5).isHealthy).toBe(true);
    vi.advanceTimersByTime(31 * S);

    expect(judge(5)).toEqual({
      isHealthy: false,
      reason: 'no job of persist got done for 30 s though some wait',
    });
  });

  it('is not well while jobs are only tried, and well again when one gets done', () => {
    vi.advanceTimersByTime(31 * S);
    observe('retried');
    observe('delayed');
    expect(judge(5).isHealthy).toBe(false);

    observe('done');
    expect(judge(5).isHealthy).toBe(true);
  });

  it('counts a dead job as done: it was dealt with', () => {
    vi.advanceTimersByTime(31 * S);
    observe('dead');

    expect(judge(5).isHealthy).toBe(true);
    expect(watch.jobsDone()).toBe(1);
  });

  it('measures from the moment a queue was last empty', () => {
    vi.advanceTimersByTime(3_600 * S);
    judge(0);
    vi.advanceTimersByTime(10 * S);

    expect(judge(5).isHealthy).toBe(true);
  });

  it('looks at each queue by itself: a busy one hides no stuck one', () => {
    vi.advanceTimersByTime(31 * S);
    observe('done');

    expect(judge(5, 5).reason).toContain('no job of cache-warm got done');
  });

  it("is not well without the queue's Redis", () => {
    expect(watch.judge(null, START).reason).toBe("the queue's Redis does not answer");
  });
});
