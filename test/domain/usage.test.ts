import { describe, expect, it } from 'vitest';
import { HOUR_MS } from '../../domain/instant.ts';
import { spanToCount, type Turn, usageByHour, WAIT_MS_MAX } from '../../domain/usage.ts';

const START = Date.UTC(2026, 2, 1, 12);
const HOUR_NO = START / HOUR_MS;

/** `seconds role`, one Client unless said otherwise. */
function said(...lines: string[]): Turn[] {
  return lines.map((line) => {
    const [seconds = '', role = '', clientNo = '7'] = line.split(' ');
    return {
      atMs: START + Number(seconds) * 1_000,
      role: role as Turn['role'],
      clientNo: Number(clientNo),
      bytes: 10,
    };
  });
}
const count = (turns: readonly Turn[], isWhole = true) => usageByHour(turns, { isWhole });

describe('usage of a conversation', () => {
  it('counts messages by role, and their bytes', () => {
    const [usage, ...others] = count(said('0 user', '1 bot', '2 user', '3 agent', '4 system'));
    expect(others).toEqual([]);
    expect(usage).toMatchObject({
      hourNo: HOUR_NO,
      clientNo: 7,
      messages: { user: 2, bot: 1, agent: 1, system: 1 },
      bytes: 50,
    });
  });

  it('takes a wait from the first unanswered word of the client to the next answer', () => {
    const [usage] = count(said('0 bot', '10 user', '40 user', '50 system', '70 bot', '75 agent'));
    expect(usage?.waitsMs).toEqual([60_000]);
  });

  it('tells the first answer of a conversation from those that follow', () => {
    const [usage] = count(said('0 user', '5 bot', '10 user', '30 bot'));
    expect(usage).toMatchObject({ firstWaitMs: 5_000, waitsMs: [5_000, 20_000] });
    expect(count(said('0 user', '5 bot'), false)[0]?.firstWaitMs).toBeNull();
    // However far back was read: a day is as far as it counts.
    const day = WAIT_MS_MAX / 1_000;
    const late = count(said('0 bot', `${day} user`, `${day + 5} bot`));
    expect(late.map(({ firstWaitMs }) => firstWaitMs)).toEqual([null, null]);
  });

  it('counts a wait in the hour of its answer, wherever it began', () => {
    const [asked, answered] = count(said('3500 user', '3700 agent'));
    expect(asked).toMatchObject({ hourNo: HOUR_NO, waitsMs: [], lastRole: 'user' });
    expect(answered).toMatchObject({ hourNo: HOUR_NO + 1, waitsMs: [200_000], lastRole: 'agent' });
  });

  it('takes what comes more than a day later for no answer', () => {
    const day = WAIT_MS_MAX / 1_000;
    expect(count(said('0 user', `${day} bot`)).at(-1)?.waitsMs).toEqual([WAIT_MS_MAX]);
    expect(count(said('0 user', `${day + 1} bot`)).at(-1)?.waitsMs).toEqual([]);
  });

  it('says where a conversation began, if its first message is among those given', () => {
    const turns = said('0 user', '3600 bot');
    expect(count(turns).map(({ isOpened }) => isOpened)).toEqual([true, false]);
    expect(count(turns, false).map(({ isOpened }) => isOpened)).toEqual([false, false]);
  });

  it('keeps apart the clients of one conversation', () => {
    const usages = count(said('0 user 7', '10 user 8', '20 agent 8'));
    expect(usages.map(({ clientNo, messages }) => [clientNo, messages.user])).toEqual([
      [7, 1],
      [8, 1],
    ]);
  });

  it('of a message of today has five minutes counted, of an older one its day', () => {
    const nowMs = Date.parse('2026-03-02T12:00:00Z');
    expect(spanToCount('2026-03-02T11:58:59.999Z', nowMs)).toEqual({
      from: '2026-03-02T11:55:00.000Z',
      to: '2026-03-02T12:00:00.000Z',
    });
    expect(spanToCount('2026-02-28T23:59:59.999Z', nowMs)).toEqual({
      from: '2026-02-28T00:00:00.000Z',
      to: '2026-03-01T00:00:00.000Z',
    });
  });
});
