import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Deadlines, openDeadlines } from '../../workers/deadlines.ts';

const late = () => new Error('late');
const never = () => new Promise<void>(() => {});

describe('deadlines', () => {
  let deadlines: Deadlines;
  beforeEach(() => {
    vi.useFakeTimers();
    deadlines = openDeadlines();
  });
  afterEach(() => {
    deadlines.close();
    vi.useRealTimers();
  });

  it('lets work end as it ends', async () => {
    await deadlines.run({ timeoutMs: 1_000, late }, async () => {});
    const failing = deadlines.run({ timeoutMs: 1_000, late }, () =>
      Promise.reject(new Error('no')),
    );

    await expect(failing).rejects.toThrow('no');
  });

  it('aborts in time, and hears what the work has to say to that', async () => {
    let signal: AbortSignal | undefined;
    const run = deadlines.run({ timeoutMs: 1_000, late }, (given) => {
      signal = given;
      return new Promise((_, reject) => {
        given.addEventListener('abort', () => reject(new Error('given up')));
      });
    });
    const said = expect(run).rejects.toThrow('given up');

    vi.advanceTimersByTime(900);
    expect(signal?.aborted).toBe(false);
    vi.advanceTimersByTime(400);
    expect(signal?.aborted).toBe(true);
    await said;
  });

  it('no longer waits for work that is deaf to its signal', async () => {
    const said = expect(deadlines.run({ timeoutMs: 1_000, late }, never)).rejects.toThrow('late');

    vi.advanceTimersByTime(2_750);

    await said;
  });

  it('aborts all that runs when told to, each once', async () => {
    const signals: AbortSignal[] = [];
    const runs = [10_000, 20_000].map((timeoutMs) =>
      deadlines.run({ timeoutMs, late }, (signal) => {
        signals.push(signal);
        return never();
      }),
    );
    const said = Promise.all(runs.map((run) => expect(run).rejects.toThrow('late')));

    deadlines.abortAll();
    deadlines.abortAll();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);

    vi.advanceTimersByTime(1_500);
    await said;
  });
});
