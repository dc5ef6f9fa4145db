import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../bin/command.ts';
import { schedule } from '../../bin/commands/schedule.ts';
import { SCHEDULE } from '../../queues/schedule.ts';
import { eventually, openTestHouse, type TestHouse } from '../house.ts';

let house: TestHouse;
let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'camadas-schedule-test-'));
  house = await openTestHouse({ TIME_ZONE: 'America/Sao_Paulo' });
});
afterAll(async () => {
  await house.close();
  await rm(home, { recursive: true, force: true });
});

/** What the command printed, and its exit status. */
async function call(...args: string[]) {
  const { mysqlUrl, queueRedisUrl, cacheRedisUrl, keyPrefix, timeZone } = house.config;
  const printed: string[] = [];
  const said: string[] = [];
  const status = await schedule.run(args, {
    env: {
      MYSQL_URL: mysqlUrl,
      QUEUE_REDIS_URL: queueRedisUrl,
      CACHE_REDIS_URL: cacheRedisUrl,
      KEY_PREFIX: keyPrefix,
      TIME_ZONE: timeZone,
      ADMIN_PASSWORD: 'not asked for here',
    },
    home,
    print: (line) => void printed.push(line),
    say: (line) => void said.push(line),
    signal: AbortSignal.timeout(60_000),
  });
  return { status, out: printed.join('\n'), said: said.join('\n') };
}

const report = async () =>
  JSON.parse((await call('list', '--json')).out) as {
    schedule: { name: string; isPaused: boolean; nextAt: string | null; runs: number }[];
  };
const viewOf = async (name: string) => (await report()).schedule.find((view) => view.name === name);

describe('schedule', () => {
  it('lists each entry, when it runs next, and that it never ran', async () => {
    const { status, out } = await call();

    expect(status).toBe(0);
    for (const [name, { pattern, summary }] of Object.entries(SCHEDULE)) {
      const line = out.split('\n').find((one) => one.startsWith(`${name} `));
      expect(line).toContain(`${pattern} America/Sao_Paulo`);
      expect(line).toContain('never');
      expect(line).toContain(summary);
    }
    const { nextAt } = (await viewOf('archive')) ?? {};
    expect(Date.parse(nextAt ?? '')).toBeGreaterThan(Date.now() - 1_000);
    expect(nextAt).toMatch(/:00:00\.000Z$/);
  });

  it.each([
    [
      ['run', 'everything'],
      'NAME: there is no entry everything; the schedule has archive, clean-cache',
    ],
    [['pause'], 'NAME: pause needs a name; the schedule has archive, clean-cache'],
    [['stop', 'archive'], 'stop: must be one of list, run, pause, resume'],
    [['run', 'archive', 'now'], 'takes one name at most'],
  ])('%j is refused with the way out', async (args, sentence) => {
    const refused = call(...args);
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(sentence);
  });

  it('does not wait for a run that nobody would do', async () => {
    await expect(call('run', 'clean-cache')).rejects.toThrow('no fleet process is running');
    const asked = await call('run', 'clean-cache', '--no-wait');
    expect(asked).toMatchObject({ status: 0, out: 'clean-cache is asked for' });
  });

  it('runs an entry now, waits for its end, and says what became of it', async () => {
    await house.runFleet();
    // What was asked for before.
    await eventually(
      () => viewOf('clean-cache'),
      (view) => (view?.runs ?? 0) >= 1,
    );

    const ran = await call('run', 'clean-cache');
    expect(ran.status).toBe(0);
    expect(ran.out).toMatch(/^clean-cache done, took [\d.]+ s$/);
    const told = await call('run', 'clean-cache', '--json');
    expect(JSON.parse(told.out)).toMatchObject({ name: 'clean-cache', run: { outcome: 'done' } });
    expect((await viewOf('clean-cache'))?.runs).toBeGreaterThanOrEqual(3);
    expect((await call()).out).toMatch(/clean-cache .* s\s+done /);
  });

  it('pauses an entry, which then does not run even when asked, and lets it go on', async () => {
    expect((await call('pause', 'clean-cache')).out).toContain('clean-cache is paused');
    expect(await viewOf('clean-cache')).toMatchObject({ isPaused: true, nextAt: null });
    expect((await call()).out).toMatch(/clean-cache .*paused/);
    await expect(call('run', 'clean-cache')).rejects.toThrow(
      'clean-cache is paused; ./scripts.sh schedule resume clean-cache comes first',
    );

    expect((await call('resume', 'clean-cache')).out).toContain('clean-cache runs next at ');
    expect((await viewOf('clean-cache'))?.isPaused).toBe(false);
    expect((await call('run', 'clean-cache')).status).toBe(0);
  });

  it('says that nothing was run while another run is under way', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const dueAt = Date.now() + 1_000;
    const { signal } = new AbortController();
    const held = house.wiring.schedule.holdRun(
      { name: 'archive', dueAt },
      { work: () => promise, signal, isRetried: () => false },
    );
    await eventually(
      () => call(),
      ({ out }) => /archive .*running/.test(out),
    );

    const refused = await call('run', 'archive');
    expect(refused.status).toBe(1);
    expect(refused.said).toContain('archive was not run: another run is under way');
    resolve();
    expect(await held).toBe('taken');
  });
});
