import { mkdtemp, rm } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenCold, openCold } from '../../../db/cold/open-cold.ts';
import { storeStraight } from '../../../db/cold/store-straight.ts';
import { monthOf } from '../../../db/cold/straight.ts';
import { toDatetime } from '../../../db/datetime.ts';
import { holdOn } from '../../../db/hold-on.ts';
import { retryDeadlocks } from '../../../db/retry-deadlocks.ts';
import { instantOf } from '../../../domain/instant.ts';
import type { Message } from '../../../domain/message.ts';
import { aMessage, openTestHouse, type TestHouse } from '../../house.ts';
import { type Asked, cursorTo, Model } from './model.ts';
import { type Draft, history, type PageDraft, type Step } from './steps.ts';

type Stored = Extract<Step, { kind: 'store' | 'repeat' | 'import' }>;

/** As many as the promise asks for; a long run is `./scripts.sh test --soak`. */
const HISTORIES = Number(process.env['HISTORIES'] ?? 2_000);
/** Other ones each time. A failure prints the seed and the path that lead to it again. */
const { HISTORIES_SEED: seed, HISTORIES_PATH: path } = process.env;
const replay = {
  ...(seed !== undefined && { seed: Number(seed) }),
  ...(path !== undefined && { path }),
};
const AT_ONCE = 8;
/** On a machine with much else to do, and with a failure to be shrunk. */
const HISTORY_MS_MAX = 300;
const MONTH = '2026-03';
const SECOND_MS = 1_000;

let house: TestHouse;
let folder: string;
let cold: OpenCold;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'camadas-histories-'));
  house = await openTestHouse({
    ARCHIVE_URL: pathToFileURL(folder).href,
    MYSQL_CONNECTIONS_MAX: '24',
  });
  const opened = openCold(house.config.archiveUrl);
  if (!opened) throw new Error('the house has no archive');
  cold = opened;
});
afterAll(async () => {
  await cold.close();
  await house.close();
  await rm(folder, { recursive: true, force: true });
});

const signal = new AbortController().signal;
const dayOf = (day: number) => `${MONTH}-${String(day + 10).padStart(2, '0')}`;
const moment = (day: number, second: number) =>
  instantOf(Date.parse(`${dayOf(day)}T12:00:00Z`) + second * SECOND_MS);

function messageOf(companyId: string, draft: Draft): Message {
  return aMessage({
    companyId,
    conversationId: `c-${draft.conversation}`,
    clientId: `client-${draft.client}`,
    messageId: `id-${draft.id}`,
    createdAt: moment(draft.day, draft.second),
    content: `${draft.id} `,
  });
}

function askedOf({ scope, of, limit, span }: PageDraft): Asked {
  return {
    limit,
    ...(scope === 'conversation' && { conversationId: `c-${of}` }),
    ...(scope === 'client' && { clientId: `client-${of % 2}` }),
    ...(span && { from: moment(span[0], 1), to: moment(span[1], 3) }),
  };
}

/** Reads a page and compares it with what a list would give. */
async function expectPage(companyId: string, model: Model, draft: PageDraft): Promise<void> {
  const asked = askedOf(draft);
  const to = draft.cursor && model.at(draft.cursor.nth);
  const next = draft.cursor && to ? { to, direction: draft.cursor.direction } : undefined;
  const cursor = next ? { [next.direction]: cursorTo(next.to) } : {};
  const wanted = model.page(asked, next);
  const page = await house.wiring.findMessages({ companyId, ...asked, ...cursor });
  expect(page.messages).toEqual(wanted.messages);
  expect(page.unavailable).toBeUndefined();
  if (wanted.hasOlder !== null && page.messages.length > 0) {
    expect(page.before !== null).toBe(wanted.hasOlder);
  }
}

async function take(companyId: string, model: Model, step: Step): Promise<void> {
  const { archive, deps } = house.wiring;
  if (step.kind === 'read') return expectPage(companyId, model, step.page);
  if (step.kind === 'store' || step.kind === 'repeat' || step.kind === 'import') {
    const fresh = distinct(messagesOf(companyId, model, step), model);
    if (fresh.length === 0) return;
    const isNew = fresh.map((message) => model.store(message));
    if (step.kind === 'import') {
      expect(await importStraight(fresh)).toBe(isNew.filter(Boolean).length);
      return;
    }
    const verdicts = await deps.storeMessages(fresh, signal);
    expect(verdicts.map(({ outcome }) => outcome === 'stored')).toEqual(isNew);
    return;
  }
  if (step.kind === 'cool') {
    await archive.move(
      { companyId, tier: 'hot', before: moment(step.day, step.secondOfDay) },
      { signal },
    );
  } else if (step.kind === 'coolPartly') {
    const call = sql`call ArchiveHotBatch((select company_no from companies where company_id = ${companyId}),
      ${toDatetime(moment(step.day, step.secondOfDay))}, 2, @next, @moved)`;
    await retryDeadlocks(() => call.execute(house.db));
  } else if (step.kind === 'freeze') {
    const [day, lastDay] = [dayOf(step.day), dayOf(step.day + step.days - 1)];
    await archive.move({ companyId, tier: 'warm', day, lastDay }, { signal });
  } else if (step.kind === 'compact') {
    await archive.move({ companyId, tier: 'cold', month: MONTH }, { signal });
  } else {
    const [from, to] = [moment(step.day, 1), moment(step.day + step.days, 0)];
    await archive.restore({ companyId, from, to, until: from }, { signal });
  }
}

function messagesOf(companyId: string, model: Model, step: Stored): Message[] {
  if (step.kind !== 'repeat') return step.messages.map((draft) => messageOf(companyId, draft));
  const repeated = model.at(step.nth);
  return repeated ? [repeated] : [];
}

/** Past hot and warm, as `migrate-messages` does with whole months. */
async function importStraight(messages: readonly Message[]) {
  const rows = await house.wiring.imports.number(messages, signal);
  const options = {
    rowsMin: 1,
    slot: 0,
    fenced: (_: unknown, transact: (before: Promise<unknown>) => Promise<void>) =>
      transact(Promise.resolve()),
    also: async () => {},
  };
  // As an import does: what others do to MySQL at the moment is no fault of it.
  return holdOn({ db: house.db, random: Math.random }, signal, () =>
    storeStraight({ db: house.db, cold }, monthOf(rows), options),
  );
}

/** Below hot, P2 is about Messages that are sent again as they were: no others share an id. */
function distinct(messages: readonly Message[], model: Model): Message[] {
  const known = new Map<string, Message>();
  for (let nth = 0; nth < model.size; nth += 1) {
    const one = model.at(nth);
    if (one) known.set(one.messageId, one);
  }
  return messages.filter((message) => {
    const same = known.get(message.messageId);
    known.set(message.messageId, same ?? message);
    return !same || isDeepStrictEqual(same, message);
  });
}

let histories = 0;

async function live(steps: readonly { step: Step; meanwhile: PageDraft | null }[]): Promise<void> {
  histories += 1;
  const companyId = `history-${histories}`;
  const model = new Model();
  for (const { step, meanwhile } of steps) {
    // What moves changes no page; what stores does, so nobody reads meanwhile.
    const isMove = !['store', 'repeat', 'import', 'read'].includes(step.kind);
    const taken = take(companyId, model, step);
    if (isMove && meanwhile) await readUntil(taken, () => expectPage(companyId, model, meanwhile));
    await taken;
  }
  const all = { scope: 'company', of: 0, limit: 500, span: null, cursor: null } as const;
  await expectPage(companyId, model, all);
}

/** Again and again, until what happens meanwhile is over. */
async function readUntil(taken: Promise<void>, read: () => Promise<void>): Promise<void> {
  const over = new AbortController();
  const end = () => over.abort();
  taken.then(end, end);
  while (!over.signal.aborted) await read();
}

describe('any history', () => {
  it(
    `P2, P3, P4: reads as a plain list would, ${HISTORIES} times`,
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(history, { minLength: AT_ONCE, maxLength: AT_ONCE }), (many) =>
          Promise.all(many.map(live)).then(() => {}),
        ),
        { ...replay, numRuns: Math.ceil(HISTORIES / AT_ONCE), endOnFailure: false },
      );
      const verified = await house.wiring.verify({ isDeep: false, signal });
      expect(verified.faults).toEqual([]);
      expect(verified.segments).toBeGreaterThan(0);
    },
    HISTORY_MS_MAX * HISTORIES,
  );
});
