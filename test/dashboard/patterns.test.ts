import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FoundPatterns } from '../../domain/patterns/request.ts';
import { dayToCount } from '../../domain/usage.ts';
import { aMessage, eventually } from '../house.ts';
import { codeOf } from './caller.ts';
import { COMPANY, type HttpHouse, openHttpHouse } from './open-http-house.ts';

const signal = AbortSignal.timeout(60_000);
const DAY_MS = 86_400_000;
const CLIENTS = 60;
const at = (ms: number) => new Date(ms).toISOString();

let house: HttpHouse;
beforeAll(async () => {
  house = await openHttpHouse();
  // Of each client a question that is answered; a third of them come again a week later.
  const startMs = Math.floor(Date.now() / DAY_MS) * DAY_MS - 20 * DAY_MS + 12 * 3_600_000;
  const messages = Array.from({ length: CLIENTS }, (_, nth) => nth).flatMap((nth) =>
    [0, ...(nth % 3 === 0 ? [7] : [])].flatMap((later) => {
      const atMs = startMs + later * DAY_MS + nth * 60_000;
      const of = { companyId: COMPANY, clientId: `c-${nth}`, conversationId: `c-${nth}-${later}` };
      return [
        aMessage({ ...of, role: 'user', createdAt: at(atMs) }),
        aMessage({ ...of, role: 'bot', createdAt: at(atMs + 5_000) }),
      ];
    }),
  );
  await house.wiring.deps.storeMessages(messages, signal);
  for (const ms of [startMs, startMs + 7 * DAY_MS]) {
    const span = dayToCount(at(ms).slice(0, 10));
    await house.wiring.deps.recount({ companyId: COMPANY, span }, signal);
  }
});
afterAll(() => house?.close());

describe('patterns over HTTP', () => {
  it('are looked for when nobody asked before, and there when one asks again', async () => {
    const first = await house.caller.get('/messages/patterns?days=30');
    expect([first.status, first.headers['retry-after']]).toEqual([202, '2']);
    const found = await eventually(
      () => house.caller.get('/messages/patterns?days=30'),
      ({ status }) => status === 200,
    );
    const patterns = JSON.parse(found.text) as FoundPatterns;
    expect(patterns.returningClients).toMatchObject({ observations: CLIENTS });
    expect(patterns.returningClients?.again.share).toBeCloseTo(1 / 3);
    // Of two busy hours nothing can be said about weeks.
    expect(patterns.peakHours).toBeNull();
    expect(patterns.unusualDays).toBeNull();
  });

  it('are found anew every night while somebody asks for them', async () => {
    const wanted = { companyId: COMPANY, days: 30, timeZone: 'UTC' };
    expect(await house.wiring.deps.findWantedPatterns()).toContainEqual(wanted);
    const before = await house.wiring.readPatterns(wanted);
    await house.wiring.queue.enqueue('aggregate', { due: 'patterns' });
    await eventually(
      () => house.wiring.readPatterns(wanted),
      (now) => (now?.foundAt ?? '') > (before?.foundAt ?? ''),
    );
  });

  it('of a company without messages are not there, and bad days are refused', async () => {
    const empty = house.callerWith(await house.tokenFor(['read'], 'vazia'));
    expect(codeOf(await empty.get('/messages/patterns'))).toBe('NOT_FOUND');
    const answer = await house.caller.get('/messages/patterns?days=400');
    expect([answer.status, codeOf(answer)]).toEqual([400, 'REQUEST_INVALID']);
  });
});
