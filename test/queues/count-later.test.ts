import { describe, expect, it } from 'vitest';
import { openCounter } from '../../queues/count-later.ts';
import { aMessage } from '../house.ts';

const NOON = Date.parse('2026-03-01T12:00:00Z');
const WINDOW_MS = 30_000;

/** A counter that notes what it asks for; what time it is, the test says. */
function openCounterAt(startMs: number) {
  const clock = { nowMs: startMs };
  const asked: { payload: unknown; startsMs: number }[] = [];
  let isAway = false;
  const counter = openCounter(
    (_queue, payload, { delayMs } = { delayMs: 0 }) => {
      if (isAway) return Promise.reject(new Error('Redis is away'));
      asked.push({ payload, startsMs: clock.nowMs + delayMs });
      return Promise.resolve('id');
    },
    { windowMs: WINDOW_MS, now: () => clock.nowMs },
  );
  return { clock, asked, ...counter, setAway: (away: boolean) => void (isAway = away) };
}
const at = (timeMs: number, companyId = 'padaria') =>
  aMessage({ companyId, createdAt: new Date(timeMs).toISOString() });

describe('asking for a count', () => {
  it('asks once for all messages of five minutes, of each company', async () => {
    const { asked, countLater } = openCounterAt(NOON);
    await countLater([at(NOON), at(NOON + 1_000), at(NOON, 'clinica'), at(NOON - 1_000)]);
    expect(asked.map(({ payload }) => payload)).toMatchObject([
      { companyId: 'padaria', from: '2026-03-01T12:00:00.000Z', to: '2026-03-01T12:05:00.000Z' },
      { companyId: 'clinica', from: '2026-03-01T12:00:00.000Z' },
      { companyId: 'padaria', from: '2026-03-01T11:55:00.000Z' },
    ]);
  });

  it('has the count begin after whatever was stored in its window, and asks anew in the next', async () => {
    const { asked, clock, countLater } = openCounterAt(NOON);
    await countLater([at(NOON)]);
    clock.nowMs = NOON + WINDOW_MS - 1; // Not asked for again: it must be counted all the same.
    await countLater([at(NOON)]);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.startsMs).toBeGreaterThan(clock.nowMs);
    clock.nowMs = NOON + WINDOW_MS;
    await countLater([at(NOON)]);
    expect(asked).toHaveLength(2);
    expect(asked[1]?.startsMs).toBeLessThan(NOON + 60_000 + WINDOW_MS * 0.3);
  });

  it('gathers what is late for longer, as its whole day is counted', async () => {
    const { asked, clock, countLater } = openCounterAt(NOON);
    const late = at(NOON - 3 * 86_400_000);
    await countLater([late]);
    clock.nowMs = NOON + 9 * WINDOW_MS;
    await countLater([late]);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.startsMs).toBeGreaterThan(NOON + 10 * WINDOW_MS);
    clock.nowMs = NOON + 10 * WINDOW_MS;
    await countLater([late]);
    expect(asked).toHaveLength(2);
  });

  it('fails while it is not sure that they will be counted, and asks again then', async () => {
    const { asked, countLater, setAway } = openCounterAt(NOON);
    setAway(true);
    await expect(countLater([at(NOON)])).rejects.toThrow('Redis is away');
    setAway(false);
    await countLater([at(NOON)]);
    expect(asked).toHaveLength(1);
  });
});
