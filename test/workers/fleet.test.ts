import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PipelineError } from '../../domain/errors.ts';
import type { Message } from '../../domain/message.ts';
import { aMessage, eventually, openTestHouse, type TestHouse } from '../house.ts';
import { type Bench, openBench } from './bench.ts';

// The contract of one queue, with times a test can wait for.
vi.mock(import('../../queues/cache-warm.ts'), async (load) => {
  const { cacheWarm } = await load();
  const backoffMs = { base: 100, max: 200 };
  return { cacheWarm: { ...cacheWarm, attemptsMax: 5, backoffMs, timeoutMs: 300, concurrency: 2 } };
});

const warmOne = { companyId: 'padaria', conversationId: 'pedido-1' };

const deadJobs = (bench: Bench, name: 'persist' | 'cache-warm', count = 1) =>
  eventually(
    () => bench.inspector.dead(name, 10),
    (dead) => dead.length >= count,
  );

const outcomesOf = (bench: Bench, count: number) =>
  eventually(
    async () => bench.outcomes(),
    (outcomes) => outcomes.length >= count,
  );

const twenty = (companyId: string, bad: object) => {
  const messages: unknown[] = Array.from({ length: 20 }, () => aMessage({ companyId }));
  messages[7] = { ...aMessage({ companyId, messageId: 'bad-7' }), ...bad };
  return { messages };
};

describe('a payload that does not fit its contract', () => {
  it.each([
    ['persist', {}, 'messages: '],
    ['persist', { messages: [] }, 'messages: '],
    ['persist', { messages: 'Oi!' }, 'messages: '],
    ['persist', { messages: Array.from({ length: 501 }, () => aMessage()) }, 'messages: '],
    ['cache-warm', { companyId: 7 }, 'companyId: '],
    ['cache-warm', null, 'payload: '],
  ] as const)(
    '%s %#: is dead at once, with the field and the reason',
    async (name, data, words) => {
      const bench = openBench();
      bench.openFleet({});

      await bench.foreignQueue(name).add('from-python', data);

      const [dead] = await deadJobs(bench, name);
      expect(dead?.reason).toContain(`PAYLOAD_INVALID: ${words}`);
      expect(dead).toMatchObject({ queue: name, attempts: 1 });
      expect(bench.outcomes()).toEqual(['dead']);
    },
  );
});

describe('a job with one bad Message among twenty', () => {
  let house: TestHouse;
  beforeAll(async () => void (house = await openTestHouse()));
  afterAll(() => house.close());

  it.each([
    ['malformed', 'malformed', { role: 'wizard' }, 'message "bad-7": role must be one of'],
    ['without an instant', 'no-instant', { createdAt: 'ontem' }, 'message "bad-7": createdAt must'],
  ])('%s: stores nineteen and stays visible as dead', async (_, companyId, bad, words) => {
    const bench = openBench();
    bench.openFleet(house.wiring.deps);

    await bench.foreignQueue('persist').add('from-python', twenty(companyId, bad));

    const [dead] = await deadJobs(bench, 'persist');
    expect(dead?.reason).toContain('MESSAGES_REFUSED: 1 of 20 messages refused');
    expect(dead?.reason).toContain(words);
    expect(await storedOf(companyId)).toBe(19);
  });

  it('stores the missing one when it is redriven after its reason is gone', async () => {
    const companyId = 'relojoaria';
    const bench = openBench();
    const soon = new Date(Date.now() + 3 * 3_600_000).toISOString(); // The chatbot's clock ran ahead.
    let now = Date.now();
    bench.openFleet({ ...house.wiring.deps, now: () => now });
    await bench.foreignQueue('persist').add('from-python', twenty(companyId, { createdAt: soon }));
    await deadJobs(bench, 'persist');

    now += 4 * 3_600_000;
    expect(await bench.inspector.redrive('persist')).toBe(1);

    await outcomesOf(bench, 2);
    expect(bench.outcomes()).toEqual(['dead', 'done']);
    expect(await bench.inspector.dead('persist', 10)).toEqual([]);
    expect(await storedOf(companyId)).toBe(20);
  });

  it('logs nothing of what the Messages say, whatever goes wrong with them', async () => {
    const secret = 'meu CPF é 529.982.247-25';
    const bench = openBench();
    const quoting = Object.assign(new Error(`Incorrect value: '${secret}'`), { sql: secret });
    const refused = [{ outcome: 'refused', reason: 'MySQL cannot hold it' } as const];
    const faults = [quoting, secret, new TypeError(secret), { secret }];
    bench.openFleet({
      async storeMessages(messages) {
        if (faults.length === 0) return refused;
        throw messages.length > 0 ? faults.shift() : null;
      },
    });
    const jobs = bench.foreignQueue('persist');
    const message = aMessage({ content: secret });

    await jobs.add('poison', { messages: secret, [secret]: secret });
    await jobs.add('refused', { messages: [{ ...message, role: secret }] });
    await jobs.add('refused', { messages: [{ ...message, [secret]: secret }] });
    await jobs.add('failing', { messages: [message] });

    await deadJobs(bench, 'persist', 4);
    expect(faults).toEqual([]);
    expect(bench.lines.length).toBeGreaterThanOrEqual(8);
    expect(bench.lines.join('')).not.toContain('529.982');
  });

  const storedOf = async (companyId: string) => {
    const ledger = await house.wiring.readLedger();
    const days = ledger.filter((day) => day.companyId === companyId);
    return days.reduce((sum, day) => sum + day.stored, 0);
  };
});

describe('retries', () => {
  it('tries again after unknown errors, ever later up to the limit, then is dead', async () => {
    const bench = openBench();
    const startedAt: number[] = [];
    vi.spyOn(Math, 'random').mockReturnValue(0.999);
    bench.openFleet({
      async readRecentPage() {
        startedAt.push(performance.now());
        throw new Error('no idea');
      },
    });

    await bench.foreignQueue('cache-warm').add('from-python', warmOne);

    const [dead] = await deadJobs(bench, 'cache-warm');
    expect(dead).toMatchObject({ reason: 'no idea', attempts: 5 });
    expect(bench.outcomes()).toEqual(['retried', 'retried', 'retried', 'retried', 'dead']);
    const pauses = startedAt.slice(1).map((at, nth) => at - (startedAt[nth] ?? 0));
    for (const [nth, least] of [99, 199, 199, 199].entries()) {
      expect(pauses[nth]).toBeGreaterThan(least - 10);
    }
    expect(pauses[3]).toBeLessThan(700); // Without the limit it would be 799.
    vi.restoreAllMocks();
  });

  it('spreads retries out, so that they do not come back as one wave', async () => {
    const bench = openBench();
    const startedAt: number[] = [];
    bench.openFleet({
      async readRecentPage() {
        startedAt.push(performance.now());
        throw new Error('no idea');
      },
    });
    vi.spyOn(Math, 'random').mockReturnValue(0);

    await bench.foreignQueue('cache-warm').add('from-python', warmOne);

    await deadJobs(bench, 'cache-warm');
    vi.restoreAllMocks();
    // Drawn low, all four pauses together are shorter than the second one may be.
    expect((startedAt[4] ?? Infinity) - (startedAt[0] ?? 0)).toBeLessThan(199);
  });

  it('waits as long as a known fault says, and counts that as no attempt', async () => {
    const bench = openBench();
    const busy = new PipelineError('BUSY', 'not now', { retry: { afterMs: 30 } });
    let refusals = 0;
    const startedAt: number[] = [];
    bench.openFleet({
      async readRecentPage() {
        startedAt.push(performance.now());
        if ((refusals += 1) <= 8) throw busy;
        throw new PipelineError('BROKEN', 'for good', { retry: 'never' });
      },
    });

    await bench.foreignQueue('cache-warm').add('from-python', warmOne);

    const [dead] = await deadJobs(bench, 'cache-warm');
    expect(dead).toMatchObject({ reason: 'BROKEN: for good', attempts: 1 });
    expect(bench.outcomes()).toEqual([...Array.from({ length: 8 }, () => 'delayed'), 'dead']);
    expect((startedAt[8] ?? 0) - (startedAt[0] ?? 0)).toBeGreaterThan(8 * 30 - 10);
  });

  it("follows the contract, not the options of the job's writer", async () => {
    const bench = openBench();
    let failures = 0;
    bench.openFleet({
      async readRecentPage() {
        if ((failures += 1) <= 4) throw new Error('passing');
      },
      getActiveConversations: () => Promise.reject(new Error('lasting')),
    });
    const jobs = bench.foreignQueue('cache-warm');
    await jobs.add('from-python', warmOne); // Of itself BullMQ would try it once.

    await outcomesOf(bench, 5);
    expect(bench.outcomes()).toEqual(['retried', 'retried', 'retried', 'retried', 'done']);

    const careless = { attempts: 1, backoff: 5_000, removeOnFail: true };
    await jobs.add('from-python', { companyId: 'padaria' }, careless);
    expect(await deadJobs(bench, 'cache-warm')).toMatchObject([{ reason: 'lasting', attempts: 5 }]);
  });

  it('gives a redriven job all its attempts again', async () => {
    const bench = openBench();
    let failures = 0;
    bench.openFleet({
      async readRecentPage() {
        if ((failures += 1) <= 6) throw new Error('passing');
      },
    });
    await bench.foreignQueue('cache-warm').add('from-python', warmOne);
    await deadJobs(bench, 'cache-warm');

    expect(await bench.inspector.redrive('cache-warm')).toBe(1);

    await outcomesOf(bench, 7);
    expect(bench.outcomes().slice(4)).toEqual(['dead', 'retried', 'done']);
  });

  it('redrives each dead job once, though it dies again at once', async () => {
    const bench = openBench();
    bench.openFleet({});
    const invalid = Array.from({ length: 250 }, () => ({ name: 'from-python', data: {} }));
    await bench.foreignQueue('persist').addBulk(invalid);
    await outcomesOf(bench, 250);
    await eventually(
      () => bench.inspector.counts('persist'),
      ({ dead }) => dead === 250,
    );

    expect(await bench.inspector.redrive('persist')).toBe(250);

    await eventually(
      () => bench.inspector.counts('persist'),
      ({ dead }) => dead === 250,
    );
    expect(bench.events).toHaveLength(500);
  });
});

describe('time', () => {
  it('aborts a job that takes longer than its contract allows', async () => {
    const bench = openBench();
    const abortedAfterMs: number[] = [];
    bench.openFleet({
      async storeMessages() {
        return [];
      },
      readRecentPage: () => new Promise(() => {}), // Deaf to its signal.
    });
    const startedAt = performance.now();
    await bench.foreignQueue('cache-warm').add('from-python', warmOne);

    await outcomesOf(bench, 1);
    abortedAfterMs.push(performance.now() - startedAt);

    expect(bench.outcomes()).toEqual(['retried']);
    expect(bench.lines.join('')).toContain('JOB_TIMED_OUT');
    expect(abortedAfterMs[0]).toBeGreaterThan(300);
    expect(abortedAfterMs[0]).toBeLessThan(5_000);
  });

  it('does the other jobs of the queue although some hang', async () => {
    const bench = openBench();
    const done: string[] = [];
    bench.openFleet({
      async readRecentPage({ conversationId }) {
        if (conversationId.startsWith('hangs')) await new Promise(() => {});
        done.push(conversationId);
      },
    });
    const jobs = bench.foreignQueue('cache-warm');
    const ids = ['hangs-1', 'hangs-2', 'goes-1', 'goes-2']; // Two at once hold both places.
    for (const id of ids) await jobs.add('from-python', { ...warmOne, conversationId: id });

    await eventually(
      async () => done,
      () => done.length === 2,
    );
    expect(done).toEqual(['goes-1', 'goes-2']);
  });

  it('tells how long a job waited and how long it ran', async () => {
    const bench = openBench();
    await bench.foreignQueue('persist').add('from-python', { messages: [aMessage()] });
    await pause(60);
    bench.openFleet({
      async storeMessages() {
        await pause(40);
        return [{ outcome: 'duplicate' }];
      },
    });

    await outcomesOf(bench, 1);

    const [event] = bench.events;
    expect(event).toMatchObject({ queue: 'persist', outcome: 'done' });
    expect(event?.waitMs).toBeGreaterThanOrEqual(58);
    expect(event?.runMs).toBeGreaterThanOrEqual(38);
    expect(event?.runMs).toBeLessThan(2_000);
  });
});

/** Notes what it is given. */
const handed = (seen: string[]) => async (messages: readonly Message[]) => {
  await pause(2);
  seen.push(...messages.map(({ messageId }) => messageId));
  return messages.map(() => ({ outcome: 'duplicate' }) as const);
};

describe('several Fleets', () => {
  it('share a queue: both work, and each job is done once', async () => {
    const bench = openBench();
    const hands: [string[], string[]] = [[], []];
    for (const seen of hands) bench.openFleet({ storeMessages: handed(seen) });
    const jobs = Array.from({ length: 2_000 }, (_, nth) => {
      return { name: 'from-python', data: { messages: [aMessage({ messageId: `m-${nth}` })] } };
    });
    await bench.foreignQueue('persist').addBulk(jobs);

    await eventually(
      async () => bench.events.length,
      (count) => count >= 2_000,
    );

    expect(new Set(hands.flat()).size).toBe(2_000);
    expect(hands.flat()).toHaveLength(2_000);
    for (const seen of hands) expect(seen.length).toBeGreaterThan(100);
  });
});

describe('the end of a Fleet', () => {
  it('finishes what runs and takes nothing new', async () => {
    const bench = openBench();
    const gate = Promise.withResolvers<void>();
    const fleet = bench.openFleet({ readRecentPage: () => gate.promise });
    const jobs = bench.foreignQueue('cache-warm');
    for (const id of ['a', 'b', 'c']) {
      await jobs.add('from-python', { companyId: 'padaria', conversationId: id });
    }
    const counts = () => bench.inspector.counts('cache-warm');
    await eventually(counts, ({ active }) => active === 2);

    const draining = fleet.drain(5_000);
    gate.resolve();

    expect(await draining).toEqual({ isClean: true });
    expect(bench.outcomes()).toEqual(['done', 'done']);
    expect(await counts()).toMatchObject({ active: 0, waiting: 1 });
  });

  it('gives back at its deadline what does not end, for others to do', async () => {
    const bench = openBench();
    const fleet = bench.openFleet({
      storeMessages: (_, signal) =>
        new Promise((_resolve, reject) => {
          const late = new PipelineError('STORE_TIMED_OUT', 'late', { retry: { afterMs: 100 } });
          signal.addEventListener('abort', () => reject(late));
        }),
    });
    await bench.foreignQueue('persist').add('from-python', { messages: [aMessage()] });
    const counts = () => bench.inspector.counts('persist');
    await eventually(counts, ({ active }) => active === 1);

    expect(await fleet.drain(100)).toEqual({ isClean: false });

    expect(await counts()).toMatchObject({ active: 0, delayed: 1, dead: 0 });
    bench.openFleet({});
    await outcomesOf(bench, 2);
    expect(bench.outcomes()).toEqual(['delayed', 'done']);
  });
});
