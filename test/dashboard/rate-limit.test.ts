import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Caller, codeOf } from './caller.ts';
import { type HttpHouse, openHttpHouse } from './open-http-house.ts';

const PER_SECOND = 20;
const LIST = '/messages/conversations';

let house: HttpHouse;
beforeAll(async () => void (house = await openHttpHouse({ requestsPerSecondMax: PER_SECOND })));
afterAll(() => house?.close());

/** @returns Their answers, and the most that a limit of `PER_SECOND` lets through meanwhile. */
async function burst(callers: readonly Caller[], each: number) {
  const startedAt = performance.now();
  const asking = callers.flatMap((caller) => Array.from({ length: each }, () => caller.get(LIST)));
  const answers = await Promise.all(asking);
  const windows = Math.floor((performance.now() - startedAt) / 1_000) + 1;
  const passed = answers.filter(({ status }) => status === 200).length;
  return { answers, passed, passedMax: windows * PER_SECOND };
}

function expectRefusals(answers: readonly Answer[]): void {
  const refused = answers.filter(({ status }) => status !== 200);
  expect(refused.length).toBeGreaterThan(0);
  for (const answer of refused) {
    expect([answer.status, codeOf(answer), answer.headers['retry-after']]).toEqual([
      429,
      'TOO_MANY_REQUESTS',
      '1',
    ]);
  }
}

describe('a key', () => {
  // Red with a limiter of each process alone: twice as many pass.
  it('P8: has so many requests a second of all HTTP processes together', async () => {
    const token = await house.tokenFor();
    const other = await house.openDashboard({ requestsPerSecondMax: PER_SECOND });
    const callers = [house.callerWith(token), house.callerWith(token, other.url)];

    const { answers, passed, passedMax } = await burst(callers, 50);

    expect(passed).toBeGreaterThan(0);
    expect(passed).toBeLessThanOrEqual(passedMax);
    expectRefusals(answers);
  });

  it('P8: leaves its share to every other key', async () => {
    const [greedy, modest] = [
      house.callerWith(await house.tokenFor()),
      house.callerWith(await house.tokenFor()),
    ];
    const { answers } = await burst([greedy], 60);
    expectRefusals(answers);
    expect(await modest.get(LIST)).toMatchObject({ status: 200 });
  });

  // Red without the limiter of the process, as insurance.
  it('P8: keeps to it without the Redis that the processes share', async () => {
    const alone = await house.openDashboard({
      requestsPerSecondMax: PER_SECOND,
      cacheRedisUrl: 'redis://127.0.0.1:1',
    });
    const caller = house.callerWith(await house.tokenFor(), alone.url);

    const { answers, passed, passedMax } = await burst([caller], 60);

    expect(passed).toBeGreaterThanOrEqual(PER_SECOND);
    expect(passed).toBeLessThanOrEqual(passedMax);
    expectRefusals(answers);
  });
});
