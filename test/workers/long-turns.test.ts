import { describe, expect, it } from 'vitest';
import { openLongTurns } from '../../workers/long-turns.ts';

describe('long turns', () => {
  it('come one after the other', async () => {
    const turns = openLongTurns(60_000);
    const seen: string[] = [];
    const work = (name: string) => async () => {
      seen.push(`${name} begins`);
      await Promise.resolve();
      seen.push(`${name} ends`);
      return name;
    };
    const names = ['a', 'b', 'c'];
    expect(await Promise.all(names.map((name) => turns.take(work(name))))).toEqual(names);
    expect(seen).toEqual(names.flatMap((name) => [`${name} begins`, `${name} ends`]));
  });

  it('are given back by who would wait for long, and end with a failure as well', async () => {
    const turns = openLongTurns(1);
    const failing = Promise.withResolvers<void>();
    const first = turns.take(() => failing.promise);
    await expect(turns.take(async () => {})).rejects.toMatchObject({
      code: 'TURN_TAKEN',
      retry: { afterMs: 5_000 },
    });
    failing.reject(new Error('away'));
    await expect(first).rejects.toThrow('away');
    expect(await turns.take(async () => 'next')).toBe('next');
  });
});
