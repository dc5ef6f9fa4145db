import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFooters } from '../../../db/cold/footers.ts';
import { type OpenCold, openCold } from '../../../db/cold/open-cold.ts';
import { openNames } from '../../../db/names.ts';
import { findPage } from '../../../db/read.ts';
import { instantOf } from '../../../domain/instant.ts';
import type { Message } from '../../../domain/message.ts';
import { type CheckedPageRequest, cursorOf } from '../../../domain/page.ts';
import { aMessage, openTestHouse, type TestHouse } from '../../house.ts';

const signal = AbortSignal.timeout(120_000);
const DAYS = Array.from({ length: 12 }, (_, nth) => `2026-02-${String(nth + 1).padStart(2, '0')}`);
const noonOf = (day: string, second = 0) =>
  instantOf(Date.parse(`${day}T12:00:00Z`) + second * 1_000);

let house: TestHouse;
let folder: string;
let cold: OpenCold;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'camadas-read-cold-'));
  house = await openTestHouse({ ARCHIVE_URL: pathToFileURL(folder).href });
  const opened = openCold(house.config.archiveUrl);
  if (!opened) throw new Error('the house has no archive');
  cold = opened;
});
afterAll(async () => {
  await cold.close();
  await house.close();
  await rm(folder, { recursive: true, force: true });
});

const store = (...messages: Message[]) => house.wiring.deps.storeMessages(messages, signal);

/** One a day. */
const said = (companyId: string, conversationId: string, days: readonly string[]) =>
  days.map((day, nth) => aMessage({ companyId, conversationId, createdAt: noonOf(day, nth) }));

/** A Segment for each day. */
async function freeze(companyId: string, days: readonly string[]): Promise<void> {
  const { move } = house.wiring.archive;
  await move({ companyId, tier: 'hot', before: '2026-03-01T00:00:00.000Z' }, { signal });
  for (const day of days) await move({ companyId, tier: 'warm', day }, { signal });
}

/** A page as a process reads it that has read nothing before, and how often it asked the archive. */
async function readAnew(request: Omit<CheckedPageRequest, 'limit'> & { limit?: number }) {
  let reads = 0;
  const counting: OpenCold['store'] = {
    ...cold.store,
    read(key, range) {
      reads += 1;
      return cold.store.read(key, range);
    },
  };
  const tier = { ...cold, store: counting, footers: openFooters(counting) };
  const deps = { db: house.db, names: openNames(house.db), cold: tier };
  const { page } = await findPage(deps, { limit: 50, ...request });
  return { page, reads };
}

describe('a page of a Conversation in an archive of twelve Segments', () => {
  // Red without the edges of the Conversation in the search for Segments.
  it('reads the one Segment that it lies in, though others hold later and earlier ones', async () => {
    const companyId = 'one-of-twelve';
    await store(...said(companyId, 'numbered before', DAYS));
    const short = said(companyId, 'short', DAYS.slice(5, 6));
    await store(...short);
    await store(...said(companyId, 'numbered after', DAYS));
    await freeze(companyId, DAYS);

    for (const span of [{}, { from: noonOf('2026-01-01'), to: noonOf('2026-02-20') }]) {
      const { page, reads } = await readAnew({ companyId, conversationId: 'short', ...span });
      expect(page.messages).toEqual(short);
      expect(reads).toBeLessThanOrEqual(2);
    }
  });

  // Red without the numbers of Conversations in the search for Segments.
  it('leaves Segments alone that hold no Conversation of its kind, from its first day to its last', async () => {
    const companyId = 'first-and-last';
    await store(...said(companyId, 'daily', DAYS));
    const rare = said(companyId, 'rare', [DAYS.at(0) ?? '', DAYS.at(-1) ?? '']);
    await store(...rare);
    await freeze(companyId, DAYS);

    const { page, reads } = await readAnew({ companyId, conversationId: 'rare' });
    expect(page.messages).toEqual(rare);
    expect(reads).toBeLessThanOrEqual(4);
  });

  it('P4: has what came late before its first Message and behind its last, at once and when cold', async () => {
    const companyId = 'late-edges';
    await store(...said(companyId, 'daily', DAYS));
    const [middle] = said(companyId, 'short', DAYS.slice(5, 6));
    await store(middle ?? aMessage());
    await freeze(companyId, DAYS);
    const [first, last] = said(companyId, 'short', [DAYS.at(0) ?? '', DAYS.at(-1) ?? '']);
    const all = [first, middle, last];

    await store(first ?? aMessage(), last ?? aMessage());
    const page = { companyId, conversationId: 'short' };
    expect((await readAnew(page)).page.messages).toEqual(all);
    await freeze(companyId, DAYS);
    expect((await readAnew(page)).page.messages).toEqual(all);
  });
});

describe('a page of a Conversation of 10,000 Messages', () => {
  const companyId = 'long';
  const conversationId = 'novela';
  const DAY = '2026-02-01';
  let messages: Message[];
  beforeAll(async () => {
    const others = (conversation: string) =>
      Array.from({ length: 100 }, (_, nth) =>
        aMessage({ companyId, conversationId: conversation, createdAt: noonOf(DAY, nth * 100) }),
      );
    // Texts that fill a row group with some 2,000 of them.
    messages = Array.from({ length: 10_000 }, (_, nth) =>
      aMessage({
        companyId,
        conversationId,
        createdAt: noonOf(DAY, nth),
        content: `${nth} `.padEnd(500, 'la '),
      }),
    );
    await store(...others('numbered before'));
    for (let at = 0; at < messages.length; at += 500) await store(...messages.slice(at, at + 500));
    await store(...others('numbered after'));
    await freeze(companyId, [DAY]);
  }, 120_000);

  // Red when row groups are fetched four at once, and when none is left out that lies beyond the page.
  it('costs at most four reads, newest and oldest alike', async () => {
    const newest = await readAnew({ companyId, conversationId });
    expect(newest.page.messages).toEqual(messages.slice(-50));
    expect(newest.reads).toBeLessThanOrEqual(4);

    const before = aMessage({ createdAt: noonOf('2026-01-01') });
    const oldest = await readAnew({ companyId, conversationId, after: cursorOf(before) });
    expect(oldest.page.messages).toEqual(messages.slice(0, 50));
    expect(oldest.reads).toBeLessThanOrEqual(4);
  });

  it('P4: gives all, once and in order, by pages of 500', async () => {
    const pages: (readonly Message[])[] = [];
    let before: string | null | undefined;
    while (before !== null) {
      const cursor = before === undefined ? {} : { before };
      const found: Awaited<ReturnType<typeof readAnew>> = await readAnew({
        companyId,
        conversationId,
        limit: 500,
        ...cursor,
      });
      expect(found.reads).toBeLessThanOrEqual(5);
      pages.push(found.page.messages);
      ({ before } = found.page);
    }
    expect(pages.toReversed().flat()).toEqual(messages);
  });
});
