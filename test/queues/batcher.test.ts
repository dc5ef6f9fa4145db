import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type BatchLimits, openBatcher } from '../../queues/batcher.ts';

const LIMITS: BatchLimits = { lingerMs: 5, itemsMax: 3, bytesMax: 100 };

describe('a batcher', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('sends a full batch at once', () => {
    const { batcher, items } = openManual();
    for (const item of ['a', 'b', 'c', 'd']) void batcher.add(item, 1);
    expect(items()).toEqual([['a', 'b', 'c']]);
  });

  it('sends at once when the bytes are reached', () => {
    const { batcher, items } = openManual();
    void batcher.add('a', 60);
    void batcher.add('b', 40);
    expect(items()).toEqual([['a', 'b']]);
  });

  it('sends what waits before an item that would not fit, and the item with the next', () => {
    const { batcher, items } = openManual();
    void batcher.add('a', 60);
    void batcher.add('b', 41);
    expect(items()).toEqual([['a']]);
    batcher.flush();
    expect(items()).toEqual([['a'], ['b']]);
  });

  it('sends an item larger than a batch alone', () => {
    const { batcher, items } = openManual();
    void batcher.add('a', 1);
    void batcher.add('huge', 1_000);
    void batcher.add('b', 1);
    batcher.flush();
    expect(items()).toEqual([['a'], ['huge'], ['b']]);
  });

  it('lets the first item wait for company until the linger is over, not longer', () => {
    const { batcher, items } = openManual();
    void batcher.add('a', 1);
    vi.advanceTimersByTime(4);
    void batcher.add('b', 1);
    expect(items()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(items()).toEqual([['a', 'b']]);
  });

  it('gives each batch a linger of its own', () => {
    const { batcher, items } = openManual();
    void batcher.add('a', 1);
    vi.advanceTimersByTime(3);
    batcher.flush();
    void batcher.add('b', 1);
    vi.advanceTimersByTime(4);
    expect(items()).toEqual([['a']]);
    vi.advanceTimersByTime(1);
    expect(items()).toEqual([['a'], ['b']]);
  });

  it('sends nothing when nothing waits', () => {
    const { batcher, items } = openManual();
    batcher.flush();
    vi.advanceTimersByTime(100);
    expect(items()).toEqual([]);
  });

  it('settles each item with its own batch', async () => {
    const { batcher, sent } = openManual({ itemsMax: 2 });
    const outcomes = Promise.allSettled(['a', 'b', 'c', 'd'].map((item) => batcher.add(item, 1)));

    sent[1]?.answer.resolve();
    sent[0]?.answer.reject(new Error('gone'));

    const failed = { status: 'rejected', reason: new Error('gone') };
    const done = { status: 'fulfilled', value: undefined };
    expect(await outcomes).toEqual([failed, failed, done, done]);
  });

  it('resolves no item before its batch is sent', async () => {
    const { batcher, sent } = openManual({ itemsMax: 1 });
    const settled = vi.fn<() => void>();
    const adding = batcher.add('a', 1).then(settled);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(settled).not.toHaveBeenCalled();
    sent[0]?.answer.resolve();
    await adding;
  });

  it('goes on after a batch that failed', async () => {
    const { batcher, sent } = openManual({ itemsMax: 1 });
    const first = batcher.add('a', 1);
    sent[0]?.answer.reject(new Error('gone'));
    await expect(first).rejects.toThrow('gone');

    const second = batcher.add('b', 1);
    sent[1]?.answer.resolve();
    await expect(second).resolves.toBeUndefined();
  });
});

/** A batcher whose batches are sent when the test says so. */
function openManual(limits: Partial<BatchLimits> = {}) {
  const sent: { items: readonly string[]; answer: PromiseWithResolvers<void> }[] = [];
  const batcher = openBatcher<string>({ ...LIMITS, ...limits }, (items) => {
    const answer = Promise.withResolvers<void>();
    sent.push({ items, answer });
    return answer.promise;
  });
  return { batcher, sent, items: () => sent.map((batch) => batch.items) };
}
