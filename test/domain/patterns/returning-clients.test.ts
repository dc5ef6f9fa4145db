import { describe, expect, it } from 'vitest';
import { returningClients } from '../../../domain/patterns/returning-clients.ts';
import { aClientWeek } from './company.ts';

describe('returningClients', () => {
  it('tells who came again, and who came again in another week', () => {
    const weeks = Array.from({ length: 100 }, (_, at) => {
      const first = aClientWeek(`client-${at}`, 0, at < 30 ? 2 : 1);
      return at % 4 === 0 ? [first, aClientWeek(`client-${at}`, 3)] : [first];
    });
    const found = returningClients(weeks.flat());

    expect(found?.observations).toBe(100);
    expect(found?.inAnotherWeek.share).toBe(0.25);
    // 30 twice in their first week, and 17 of the others in another one.
    expect(found?.again.share).toBe(0.47);
    expect(found?.conversationsPerClient).toBe(1.55);
  });

  it('is nothing of fewer than 30 Clients', () => {
    const weeks = Array.from({ length: 29 }, (_, at) => aClientWeek(`client-${at}`, 0, 5));
    expect(returningClients(weeks)).toBeNull();
  });
});
