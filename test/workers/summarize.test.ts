import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { SummaryFailed } from '../../domain/spent.ts';
import { PipelineError } from '../../domain/errors.ts';
import { instantOf } from '../../domain/instant.ts';
import type { Message } from '../../domain/message.ts';
import { failureThatCounts, isStale, type Summary } from '../../domain/summary.ts';
import { builtInSummarizer } from '../../summaries/built-in/summarize.ts';
import type { Summarizer, SummaryWork } from '../../summaries/summarizer.ts';
import { type SummarizeDeps, summarizeConversation } from '../../workers/summarize.ts';
import { aMessage, eventually, openTestHouse, type TestHouse } from '../house.ts';
import { openBench } from './bench.ts';

const signal = AbortSignal.timeout(120_000);
const conversationId = 'pedido-1';
const at = (clock: string) => `2026-03-01T${clock}:00.000Z`;
const DAY_MS = 24 * 60 * 60_000;
const ago = (minutes: number) => instantOf(Date.now() - minutes * 60_000);

let house: TestHouse;
beforeAll(async () => void (house = await openTestHouse()));
afterAll(() => house?.close());

const store = (...messages: Message[]) => house.wiring.deps.storeMessages(messages, signal);
const run = (
  companyId: string,
  deps: SummarizeDeps = house.wiring.deps,
  more: { upTo?: string; replaces?: number } = {},
) => summarizeConversation({ companyId, conversationId, ...more }, deps, signal);
const read = (companyId: string, version?: number) =>
  house.wiring.readSummary({ companyId, conversationId, version });

/** The built-in one in the clothes of a model: told what came since, and what it costs. */
function openModel(given: Partial<Summarizer> = {}) {
  const works: SummaryWork[] = [];
  const summarizer: Summarizer = {
    ...builtInSummarizer,
    model: 'rolling',
    isRolling: true,
    async summarize(work, abort) {
      works.push(work);
      const summarized = await builtInSummarizer.summarize(work, abort);
      return { ...summarized, tokens: { input: 80, output: 40 }, costMicros: 7 };
    },
    ...given,
  };
  return { works, deps: { ...house.wiring.deps, summarizer } };
}
const idsOf = ({ messages }: SummaryWork) => messages.map(({ messageId }) => messageId);

describe('summarize', () => {
  it('keeps a Summary once when its job runs twice', async () => {
    const companyId = 'padaria';
    const asked = aMessage({ companyId, createdAt: at('12:00') });
    const last = aMessage({
      companyId,
      role: 'agent',
      content: 'O pedido 4521 chega amanhã.',
      createdAt: at('12:25'),
    });
    await store(asked, last);

    expect(await run(companyId)).toEqual({ made: 1 });
    expect(await run(companyId)).toEqual({ made: 0 });

    const state = await read(companyId);
    expect(state?.summary).toMatchObject({
      version: 1,
      messageCount: 2,
      durationMinutes: 25,
      upTo: { messageId: last.messageId, createdAt: last.createdAt },
      language: 'pt',
      model: 'built-in',
      tokens: { input: 0, output: 0 },
      costMicros: 0,
    });
    const cited = state?.summary?.keyPoints.flatMap(({ messageIds }) => messageIds) ?? [];
    expect(cited).not.toEqual([]);
    expect([asked.messageId, last.messageId]).toEqual(expect.arrayContaining(cited));
  });

  it('makes a new version when more was said, and the old one stays readable', async () => {
    const companyId = 'clinica';
    await store(aMessage({ companyId, createdAt: at('12:00') }));
    await run(companyId);
    await store(aMessage({ companyId, content: 'Cancela tudo!', createdAt: at('12:40') }));
    const stale = await read(companyId);
    expect(stale?.summary && isStale(stale.summary, stale.conversation)).toBe(true);

    expect(await run(companyId)).toEqual({ made: 1 });

    expect((await read(companyId))?.summary).toMatchObject({ version: 2, messageCount: 2 });
    expect((await read(companyId, 1))?.summary).toEqual(stale?.summary);
  });

  it('makes one anew when a Message came late, between those it knows', async () => {
    const companyId = 'tardia';
    const known = [aMessage({ companyId, createdAt: at('12:00') })];
    known.push(aMessage({ companyId, createdAt: at('13:00') }));
    await store(...known);
    await run(companyId);
    await store(aMessage({ companyId, createdAt: at('12:30') }));
    const stale = await read(companyId);
    expect(stale?.summary && isStale(stale.summary, stale.conversation)).toBe(true);

    expect(await run(companyId)).toEqual({ made: 1 });

    const { summary } = (await read(companyId)) ?? {};
    expect(summary).toMatchObject({ version: 2, messageCount: 3 });
    expect(summary?.upTo.messageId).toBe(known[1]?.messageId);
    expect(await run(companyId)).toEqual({ made: 0 });
  });

  it('makes another one when that is wanted, once, and none when it reaches far enough', async () => {
    const companyId = 'exigente';
    await store(aMessage({ companyId, createdAt: at('12:00') }));
    await run(companyId);

    expect(await run(companyId, house.wiring.deps, { replaces: 1 })).toEqual({ made: 1 });
    expect(await run(companyId, house.wiring.deps, { replaces: 1 })).toEqual({ made: 0 });

    await store(aMessage({ companyId, createdAt: at('15:00') }));
    expect(await run(companyId, house.wiring.deps, { upTo: at('12:00') })).toEqual({ made: 0 });
    expect(await run(companyId, house.wiring.deps, { upTo: at('12:01') })).toEqual({ made: 1 });
    expect((await read(companyId))?.summary).toMatchObject({ version: 3, messageCount: 2 });
  });

  it('makes none of a Conversation in which nobody has said anything', async () => {
    expect(await run('nobody')).toEqual({ made: 0 });
  });

  it('lets the slower of two that were made at once look again', async () => {
    const companyId = 'dupla';
    await store(aMessage({ companyId }));
    const { promise: bothAreHere, resolve } = Promise.withResolvers<void>();
    let here = 0;
    const { deps } = openModel({
      async summarize(work, abort) {
        here += 1;
        if (here === 2) resolve();
        await bothAreHere;
        return builtInSummarizer.summarize(work, abort);
      },
    });

    const ended = await Promise.allSettled([run(companyId, deps), run(companyId, deps)]);

    const faults = ended.flatMap((one) =>
      one.status === 'rejected' ? [one.reason as unknown] : [],
    );
    expect(faults).toMatchObject([{ code: 'SUMMARY_OUTRUN', retry: 'backoff' }]);
    expect(await run(companyId, deps)).toEqual({ made: 0 });
    expect(await house.wiring.listSummaryVersions({ companyId, conversationId })).toHaveLength(1);
  });

  it('P8: reads the last part of a very long Conversation, and counts all of it', async () => {
    const companyId = 'longa';
    const startMs = Date.parse(at('00:00'));
    const messages = Array.from({ length: 5_600 }, (_, nth) =>
      aMessage({ companyId, createdAt: instantOf(startMs + nth * 1_000), content: `n ${nth}` }),
    );
    await store(...messages);
    const { works, deps } = openModel();

    await run(companyId, deps);

    expect(works[0]?.messages).toEqual(messages.slice(600));
    const state = await read(companyId);
    expect(state?.summary).toMatchObject({ messageCount: 5_600 });
    expect(state?.summary && isStale(state.summary, state.conversation)).toBe(false);
  }, 60_000);
});

async function firstOf(companyId: string): Promise<Summary> {
  const summary = (await read(companyId, 1))?.summary;
  if (!summary) throw new Error(`${companyId} has no Summary`);
  return summary;
}

describe('a Summarizer that goes on from what it said', () => {
  it('is given what came since, and what it said', async () => {
    const companyId = 'rolante';
    const [first, second, third] = ['12:00', '12:10', '12:20'].map((clock) =>
      aMessage({ companyId, createdAt: at(clock) }),
    ) as [Message, Message, Message];
    await store(first, second);
    const { works, deps } = openModel();
    await run(companyId, deps);
    await store(third);

    await run(companyId, deps);

    expect(works.map(idsOf)).toEqual([[first.messageId, second.messageId], [third.messageId]]);
    const { summary, keyPoints, sentiment, tags, language } = await firstOf(companyId);
    expect(works.map(({ previous }) => previous)).toEqual([
      null,
      { summary, keyPoints, sentiment, tags, language },
    ]);
    expect((await read(companyId))?.summary).toMatchObject({ version: 2, messageCount: 3 });
  });

  interface Case {
    readonly companyId: string;
    readonly model?: string;
    readonly clock?: string;
    readonly replaces?: number;
  }
  it.each<[string, Case]>([
    ['came late', { companyId: 'atrasada', clock: '11:00' }],
    ['follow what another one said', { companyId: 'de-outro', model: 'before' }],
    ['are to be told anew', { companyId: 'refeita', replaces: 1 }],
  ])('is given all Messages when some %s', async (_, given) => {
    const { companyId, model = 'rolling', clock = '12:20', ...more } = given;
    const known = aMessage({ companyId, createdAt: at('12:00') });
    await store(known);
    await run(companyId, openModel({ model }).deps);
    const added = aMessage({ companyId, createdAt: at(clock) });
    await store(added);
    const { works, deps } = openModel();

    await run(companyId, deps, more);

    expect(works).toHaveLength(1);
    expect(works[0]?.messages).toHaveLength(2);
    expect(works[0]?.previous).toBeNull();
    expect((await read(companyId))?.summary).toMatchObject({ version: 2, messageCount: 2 });
  });
});

const failing = (retry: PipelineError['retry']) =>
  openModel({
    summarize: () => Promise.reject(new PipelineError('SUMMARY_MALFORMED', 'no JSON', { retry })),
  }).deps;

describe('a Summary that cannot be made', () => {
  it('is remembered with its reason, until one is made', async () => {
    const companyId = 'ilegivel';
    await store(aMessage({ companyId }));

    await expect(run(companyId, failing('never'))).rejects.toThrow('no JSON');

    const state = await read(companyId);
    expect(state).toMatchObject({
      summary: null,
      failure: { code: 'SUMMARY_MALFORMED', messageCount: 1 },
    });
    expect(state && failureThatCounts(state, Date.now())).toMatchObject({
      code: 'SUMMARY_MALFORMED',
    });
    expect(state && failureThatCounts(state, Date.now() + DAY_MS)).toBeNull();

    expect(await run(companyId)).toEqual({ made: 1 });
    expect(await read(companyId)).toMatchObject({ summary: { version: 1 }, failure: null });
  });

  it('counts no more when something was said since', async () => {
    const companyId = 'falante';
    await store(aMessage({ companyId }));
    await expect(run(companyId, failing('never'))).rejects.toThrow('no JSON');
    await store(aMessage({ companyId }));

    const state = await read(companyId);
    expect(state && failureThatCounts(state, Date.now())).toBeNull();
  });

  it('is tried again, and not remembered, where a retry may help', async () => {
    const companyId = 'ocupada';
    await store(aMessage({ companyId }));
    await expect(run(companyId, failing('backoff'))).rejects.toThrow('no JSON');
    expect((await read(companyId))?.failure).toBeNull();
  });

  it('is tried a second time, and no more, where the model takes too long', async () => {
    const companyId = 'lenta';
    const own = await openTestHouse(BUDGET);
    onTestFinished(own.close);
    await own.wiring.deps.storeMessages([aMessage({ companyId })], signal);
    const wanted = { companyId, conversationId };
    const before = await own.wiring.deps.tokensLeft(companyId);
    let tries = 0;
    const { summarizer } = openModel({
      summarize() {
        tries += 1;
        const late = new PipelineError('SUMMARIZER_TIMED_OUT', 'late', { retry: 'backoff' });
        const spent = { tokens: { input: 300, output: 0 }, costMicros: 0 };
        return Promise.reject(new SummaryFailed(late, spent));
      },
    }).deps;
    const bench = openBench();
    bench.openFleet({ ...own.wiring.deps, summarizer });
    const queue = bench.foreignQueue('summarize');

    await queue.add('asked', wanted);
    await eventually(
      async () => bench.outcomes(),
      (outcomes) => outcomes.length === 2,
    );
    expect(bench.outcomes()).toEqual(['retried', 'dead']);
    expect(before - (await own.wiring.deps.tokensLeft(companyId))).toBe(600);
    const failed = await own.wiring.readSummary(wanted);
    expect(failed?.failure).toMatchObject({ code: 'SUMMARIZER_TIMED_OUT' });

    // Who asked before it failed has a job of the same kind behind it.
    await queue.add('asked', wanted);
    await eventually(
      async () => bench.outcomes(),
      (outcomes) => outcomes.length === 3,
    );
    expect(bench.outcomes()[2]).toBe('done');
    expect(tries).toBe(2);

    await bench.inspector.redrive('summarize');
    await eventually(
      async () => tries,
      (count) => count === 3,
    );
  });

  it('is one of a Conversation whose Messages nobody can read', async () => {
    const companyId = 'vazia';
    await store(aMessage({ companyId }));
    await house.db
      .deleteFrom('messages_hot')
      .where('company_no', '=', (eb) =>
        eb.selectFrom('companies').select('company_no').where('company_id', '=', companyId),
      )
      .execute();

    expect(await run(companyId)).toEqual({ made: 0 });
    expect((await read(companyId))?.failure).toMatchObject({ code: 'NOTHING_TO_READ' });
  });
});

/** Of a model that is never called. */
const BUDGET = {
  LLM_BASE_URL: 'http://127.0.0.1:9/v1',
  LLM_MODEL: 'none',
  LLM_TOKENS_PER_JOB_MAX: '30000',
  LLM_TOKENS_PER_COMPANY_DAY_MAX: '30000',
};

describe('a Company whose tokens of the day are spent', () => {
  it('waits until the next day, others go on, and nothing is lost', async () => {
    const thrifty = await openTestHouse(BUDGET);
    try {
      const ids = ['a', 'b'];
      const messages = ids.map((id) => aMessage({ companyId: 'poor', conversationId: id }));
      await thrifty.wiring.deps.storeMessages([...messages, aMessage()], signal);
      const { summarizer } = openModel({
        async summarize(work, abort) {
          const summarized = await builtInSummarizer.summarize(work, abort);
          return { ...summarized, tokens: { input: 29_000, output: 1_000 } };
        },
      }).deps;
      const deps = { ...thrifty.wiring.deps, summarizer };
      const summarize = (companyId: string, id: string) =>
        summarizeConversation({ companyId, conversationId: id }, deps, signal);

      expect(await summarize('poor', 'a')).toEqual({ made: 1 });
      const fault = await summarize('poor', 'b').catch((error: unknown) => error);
      expect(fault).toBeInstanceOf(PipelineError);
      const { code, retry } = fault as PipelineError;
      expect(code).toBe('SUMMARY_BUDGET_SPENT');
      const waitMs = typeof retry === 'object' && 'afterMs' in retry ? retry.afterMs : 0;
      const midnightMs = DAY_MS - (Date.now() % DAY_MS);
      expect(waitMs).toBeGreaterThan(midnightMs - 60_000);
      expect(waitMs).toBeLessThan(midnightMs + 4 * 3_600_000);
      expect(await summarize('padaria', 'pedido-1')).toEqual({ made: 1 });
    } finally {
      await thrifty.close();
    }
  });

  it('P8: leaves to the next night what only the night wanted', async () => {
    const companyId = 'noturna';
    await store(aMessage({ companyId }));
    const bench = openBench();
    bench.openFleet({ ...house.wiring.deps, tokensLeft: async () => 0 });
    const queue = bench.foreignQueue('summarize');

    await queue.add('found', { companyId, conversationId, isNightly: true });

    await eventually(
      async () => bench.outcomes(),
      (outcomes) => outcomes.length === 1,
    );
    expect(bench.outcomes()).toEqual(['done']);
    expect(await bench.inspector.counts('summarize')).toMatchObject({ delayed: 0, dead: 0 });
    expect(await read(companyId)).toMatchObject({ summary: null, failure: null });
  });

  it('is charged for a Summary that failed, too', async () => {
    const companyId = 'azarada';
    const own = await openTestHouse(BUDGET);
    await own.wiring.deps.storeMessages([aMessage({ companyId })], signal);
    const before = await own.wiring.deps.tokensLeft(companyId);
    const spent = { tokens: { input: 300, output: 30 }, costMicros: 9 };
    const { summarizer } = openModel({
      summarize() {
        const fault = new PipelineError('SUMMARY_MALFORMED', 'no JSON', { retry: 'never' });
        return Promise.reject(new SummaryFailed(fault, spent));
      },
    }).deps;
    const deps = { ...own.wiring.deps, summarizer };
    try {
      await expect(run(companyId, deps)).rejects.toThrow('no JSON');
      expect(before - (await deps.tokensLeft(companyId))).toBe(330);
    } finally {
      await own.close();
    }
  });

  it('is charged for a Summary that MySQL does not take, too', async () => {
    const companyId = 'sem-lugar';
    const own = await openTestHouse(BUDGET);
    await own.wiring.deps.storeMessages([aMessage({ companyId })], signal);
    const before = await own.wiring.deps.tokensLeft(companyId);
    const { summarizer } = openModel({ model: 'm'.repeat(129) }).deps;
    const deps = { ...own.wiring.deps, summarizer };
    try {
      await expect(run(companyId, deps)).rejects.toThrow("Data too long for column 'model'");
      expect(before - (await deps.tokensLeft(companyId))).toBe(120);
    } finally {
      await own.close();
    }
  });

  it('keeps its job, which is no failure, and is done when there is room again', async () => {
    const companyId = 'pobre';
    await store(aMessage({ companyId }));
    const bench = openBench();
    let left = 0;
    bench.openFleet({ ...house.wiring.deps, tokensLeft: async () => left });
    const queue = bench.foreignQueue('summarize');
    await queue.add('from-python', { companyId, conversationId });
    await eventually(
      async () => bench.outcomes(),
      (outcomes) => outcomes.length === 1,
    );
    expect(bench.outcomes()).toEqual(['delayed']);
    expect(await bench.inspector.counts('summarize')).toMatchObject({ delayed: 1, dead: 0 });

    left = 1;
    await queue.promoteJobs();

    await eventually(
      () => read(companyId),
      (state) => typeof state?.summary?.version === 'number',
    );
  });
});

/** What is asked for, when this is found. */
async function delaysOf(findDueSummaries: SummarizeDeps['findDueSummaries'], until = signal) {
  const delaysMs: number[] = [];
  const summarizeLater = async (_: unknown, delayMs: number) => void delaysMs.push(delayMs);
  const deps = { ...house.wiring.deps, findDueSummaries, summarizeLater };
  const ended = await Promise.allSettled([summarizeConversation({}, deps, until)]);
  return { delaysMs, ended: ended[0] };
}
const someDue = (count: number) =>
  Array.from({ length: count }, (_, nth) => ({ companyId: 'c', conversationId: `${nth}` }));

describe('the night', () => {
  it.each([10, 1_000, 50_000])(
    'spreads %i, what was found first before the rest',
    async (count) => {
      const { delaysMs, ended } = await delaysOf(async function* () {
        for (let found = 0; found < count; found += 10) yield someDue(10);
      });

      expect(ended).toMatchObject({ value: { asked: count } });
      const grows = delaysMs.every(
        (delayMs, nth) => nth === 0 || delayMs > (delaysMs[nth - 1] ?? 0),
      );
      expect(grows).toBe(true);
      expect(delaysMs[1]).toBeLessThan(60_000);
      expect(delaysMs.at(-1)).toBeLessThan(4 * 3_600_000);
      // Half of the night's time is for the first thousand: a model that is slow comes far with them.
      const early = delaysMs.filter((delayMs) => delayMs < 2 * 3_600_000);
      expect(early).toHaveLength(Math.min(count, 1_000));
    },
  );

  it('has asked for what was found when it is told to end', async () => {
    const told = new AbortController();
    const { delaysMs, ended } = await delaysOf(async function* (until) {
      yield someDue(3);
      told.abort();
      expect(until.aborted).toBe(true);
    }, told.signal);

    expect(delaysMs).toHaveLength(3);
    expect(ended).toMatchObject({ reason: { name: 'AbortError' } });
  });

  it('has all summarized that is new and quiet, spread over four hours, the newest at once', async () => {
    const own = await openTestHouse();
    try {
      const said = (id: string, minutes: number) =>
        aMessage({ conversationId: id, createdAt: ago(minutes) });
      const known = said('known', 300);
      await own.wiring.deps.storeMessages(
        [said('third', 200), said('first', 40), said('second', 90), said('speaks', 1), known],
        signal,
      );
      const { companyId } = known;
      const about = (id: string) => ({ companyId, conversationId: id });
      await summarizeConversation(about('known'), own.wiring.deps, signal);
      await own.runFleet();
      const queue = await own.wiring.admin.queues.get('summarize');

      await own.wiring.queue.enqueue('summarize', {});

      const madeOf = async (id: string) =>
        (await own.wiring.readSummary(about(id)))?.summary?.version;
      await eventually(
        () => madeOf('first'),
        (version) => version === 1,
      );
      const delayedNow = async () =>
        (await queue.getDelayed()).filter(({ data }) => 'conversationId' in (data as object));
      const delayed = await eventually(delayedNow, (jobs) => jobs.length === 2);
      const delays = delayed.map(({ data, opts }) => {
        const { conversationId: id } = data as { conversationId: string };
        return [id, Math.round((opts.delay ?? 0) / 1_000)] as const;
      });
      expect(new Map(delays)).toEqual(
        new Map([
          ['second', 14],
          ['third', 29],
        ]),
      );

      // Asked for again, those that wait are the same; whoever wants one now waits for no night.
      await own.wiring.askForSummary(about('third'));
      await own.wiring.queue.enqueue('summarize', {});
      for (const id of ['second', 'third']) {
        await eventually(
          () => madeOf(id),
          (version) => version === 1,
        );
      }
      expect(await delayedNow()).toHaveLength(2);

      for (const job of delayed) await job.promote();
      const counts = () => own.wiring.queue.inspector.counts('summarize');
      await eventually(counts, ({ waiting, active }) => waiting + active === 0);
      expect(await delayedNow()).toEqual([]);
      const versions = await Promise.all(['first', 'second', 'third', 'known'].map(madeOf));
      expect(versions).toEqual([1, 1, 1, 1]);
      expect(await madeOf('speaks')).toBeUndefined();
    } finally {
      await own.close();
    }
  }, 40_000);
});
