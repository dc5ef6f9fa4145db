import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FoundPatterns, SPANS_PER_COMPANY_MAX } from '../../domain/patterns/request.ts';
import type { Message } from '../../domain/message.ts';
import { newMessageId } from '../../domain/message-id.ts';
import { dayToCount } from '../../domain/usage.ts';
import { aMessage, eventually } from '../house.ts';
import { codeOf, said } from './caller.ts';
import { COMPANY, type HttpHouse, openHttpHouse } from './open-http-house.ts';

const signal = AbortSignal.timeout(600_000);
const DAY_MS = 86_400_000;
const CLIENTS = 60;
const at = (ms: number) => new Date(ms).toISOString();

const answerTo = (question: Message) =>
  aMessage({ ...question, messageId: newMessageId(), role: 'bot' });

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
    expect(await house.wiring.deps.findWantedPatterns(signal)).toContainEqual(wanted);
    await sql`update company_patterns set found_at = found_at - interval 1 day`.execute(house.db);
    const read = async () => (await house.wiring.readPatterns(wanted))?.found?.foundAt ?? '';
    const before = await read();
    await house.wiring.queue.enqueue('aggregate', { due: 'patterns' });
    await eventually(read, (now) => now > before);
  });

  it('are looked for in one row however a time zone is written', async () => {
    const zones = ['Asia/Calcutta', 'asia/kolkata', 'ASIA/KOLKATA'];
    const found = await Promise.all(
      zones.map((zone) =>
        eventually(
          () => house.caller.get(`/messages/patterns?days=9&timeZone=${zone}`),
          ({ status }) => status === 200,
        ),
      ),
    );
    expect(new Set(found.map(({ text }) => text)).size).toBe(1);
    const wanted = await house.wiring.deps.findWantedPatterns(signal);
    expect(wanted.filter(({ days }) => days === 9)).toHaveLength(1);
  });

  // Red without the lock on the company: those who ask at once all see that there is room.
  it('P8: are looked for in so many spans of a company, and no more', async () => {
    const companyId = 'curiosa';
    await house.wiring.deps.storeMessages([aMessage({ companyId })], signal);
    const caller = house.callerWith(await house.tokenFor(['read'], companyId));
    const ask = (days: number) => caller.get(`/messages/patterns?days=${days}`);
    const days = Array.from({ length: SPANS_PER_COMPANY_MAX + 10 }, (_, nth) => nth + 1);
    const answers = await Promise.all(days.map(ask));
    const refused = answers.filter(({ status }) => status !== 202);
    expect(refused).toHaveLength(10);
    for (const answer of refused) {
      expect([answer.status, codeOf(answer)]).toEqual([400, 'REQUEST_INVALID']);
      expect(said(answer)['field']).toBe('days');
    }
    const known = days[answers.findIndex(({ status }) => status === 202)] ?? 0;
    await eventually(
      () => ask(known),
      ({ status }) => status === 200,
    );
  });

  it('P8: that cannot be found are not looked for anew by each who asks', async () => {
    const companyId = 'estragada';
    const createdAt = at(Date.now() - 2 * DAY_MS);
    const question = aMessage({ companyId, createdAt });
    await house.wiring.deps.storeMessages([question, answerTo(question)], signal);
    const span = dayToCount(createdAt.slice(0, 10));
    await house.wiring.deps.recount({ companyId, span }, signal);
    await sql`update company_usage set waits = 0xff where waits is not null and company_no =
      (select company_no from companies where company_id = ${companyId})`.execute(house.db);
    const caller = house.callerWith(await house.tokenFor(['read'], companyId));
    const ask = () => caller.get('/messages/patterns');
    const failed = await eventually(ask, ({ status }) => status !== 202);
    expect([failed.status, codeOf(failed)]).toEqual([503, 'PATTERNS_FAILED']);
    expect(Number(failed.headers['retry-after'])).toBeGreaterThan(0);

    const askAfter = async (minutes: number) => {
      await sql`update company_patterns
        set failed_at = utc_timestamp(3) - interval ${minutes} minute
        where failed_at is not null`.execute(house.db);
      return ask();
    };
    expect(await askAfter(59)).toMatchObject({ status: 503 });
    // Its job is tried again for other reasons, and may fail between the two.
    await eventually(
      () => askAfter(60),
      ({ status }) => status === 202,
    );
  });

  it('of a company without messages are not there, and bad days are refused', async () => {
    const empty = house.callerWith(await house.tokenFor(['read'], 'vazia'));
    expect(codeOf(await empty.get('/messages/patterns'))).toBe('NOT_FOUND');
    const answer = await house.caller.get('/messages/patterns?days=400');
    expect([answer.status, codeOf(answer)]).toEqual([400, 'REQUEST_INVALID']);
  });
});
