import type { Message } from '../domain/message.ts';
import type { Wiring } from '../wiring.ts';
import { askInClosedLoop, latencyMs } from './closed-loop.ts';
import { openFlatTable } from './flat-table.ts';
import type { BenchHouse } from './house.ts';
import { type Exchange, requestBytes } from './http-client.ts';
import { conversationIdOf, makeHistory, shuffled } from './load.ts';
import { type BenchServer, startDashboard, startYardstick } from './processes.ts';
import { storeHistory } from './store-history.ts';

/**
 * Pages that are in no cache, of one Company with a million messages of the last day, against the
 * flat table of an ORM with offset paging; both over HTTP, from processes of their own, out of the
 * same MySQL with the same number of connections, with what is asked for in its memory after the
 * first round. A request asks both for the very same messages, which is checked.
 *
 * Three kinds of pages in equal numbers: the newest of a Conversation; one further back, to 20
 * pages, in a Conversation of 5,000 messages; one of the whole Company, to 20 pages back. The flat
 * table gets a page by its number, ours by the cursor of the page before it: that is how whoever
 * goes from page to page comes to it. What paging to it cost before is counted for neither.
 */

const COMPANY = 'mossgate-bank';
/** Each is opened once. */
const OPENED = 10_000;
const OPENED_TURNS = 90;
const LONG = 20;
const LONG_TURNS = 5_000;
const PAGES_DEEP = 20;
const PAGE_LENGTH = 50;
/** Of each kind. */
const ASKED_OF_KIND = 400;
/** With more, a request waits for a core of its own, and that queue is what would be measured. */
const CONNECTIONS = 2;

const KINDS = ['newest', 'deep', 'company'] as const;
type Kind = (typeof KINDS)[number];

/** One page, as each of both is asked for it. */
interface Place {
  readonly kind: Kind;
  readonly ours: Buffer;
  readonly flat: Buffer;
}

interface Asked {
  readonly place: Place;
  readonly bytes: Buffer;
}

export type Latencies = Readonly<Record<Kind | 'all', { p50: number; p99: number; mean: number }>>;

export interface UncachedRound {
  /** Newest pages of 10,000 Conversations, each asked for once. */
  readonly opened: { readonly p50: number; readonly p99: number; readonly rate: number };
  readonly ours: Latencies;
  readonly flat: Latencies;
}

export async function openUncachedPages(house: BenchHouse, wiring: Wiring) {
  const shape = {
    companyId: COMPANY,
    conversations: LONG + OPENED,
    turnsOf: (number: number) => (number <= LONG ? LONG_TURNS : OPENED_TURNS),
  };
  const table = await openFlatTable(house.config.mysqlUrl);
  const stored = await storeHistory(wiring, makeHistory(shape, Date.now()), table.insert);
  await table.analyze();
  await table.close();
  const places = await placesOf(wiring, await house.makeKey(COMPANY));

  return {
    conditions: {
      coldMessages: stored,
      opened: OPENED,
      openedTurns: OPENED_TURNS,
      longTurns: LONG_TURNS,
      pagesDeep: PAGES_DEEP,
      askedOfKind: ASKED_OF_KIND,
      coldConnections: CONNECTIONS,
    },
    /** With new processes, that remember nothing. */
    async measure(): Promise<UncachedRound> {
      const { mysqlUrl, mysqlConnectionsMax } = house.config;
      const ours = await startDashboard(house.env);
      const flat = await startYardstick('express-flat.ts', [mysqlUrl, `${mysqlConnectionsMax}`]);
      try {
        await expectSame(places, ours, flat);
        await warmUp(places, ours, flat);
        await wiring.invalidateCompanyCache(COMPANY);
        const opened = await ask(ours, places.opened.map(byUs));
        const mix = shuffled(places.mix);
        const ofFlat = await ask(flat, mix.map(byFlat));
        await wiring.invalidateCompanyCache(COMPANY);
        const ofOurs = await ask(ours, mix.map(byUs));
        const { p50, p99 } = summed(opened.answers);
        return {
          opened: { p50, p99, rate: opened.rate },
          ours: byKind(ofOurs.answers),
          flat: byKind(ofFlat.answers),
        };
      } finally {
        await Promise.all([ours.stop(), flat.stop()]);
      }
    },
  };
}

interface Places {
  readonly opened: readonly Place[];
  /** Not asked for in what is measured. */
  readonly warmUp: readonly Place[];
  readonly mix: readonly Place[];
}

async function placesOf(wiring: Wiring, token: string): Promise<Places> {
  const get = (path: string) => requestBytes({ method: 'GET', path, token });
  const placeAt = (kind: Kind, path: string, at: { page: number; before: string | null }) => ({
    kind,
    ours: get(`/messages${path && `/${path}`}${at.before === null ? '' : `?before=${at.before}`}`),
    flat: get(`/companies/${COMPANY}/${path || 'messages'}?page=${at.page}`),
  });
  const newest = (number: number) => placeAt('newest', pathOf(number), { page: 0, before: null });
  const back = async (kind: Kind, path: string, conversationId?: string) => {
    const cursors = await cursorsBack(wiring, conversationId);
    return cursors.map((before, at) => placeAt(kind, path, { page: at + 1, before }));
  };

  const opened = shuffled(Array.from({ length: OPENED }, (_, at) => newest(LONG + 1 + at)));
  const long = Array.from({ length: LONG }, (_, at) => at + 1);
  const deep: Place[] = [];
  for (const number of long) {
    deep.push(...(await back('deep', pathOf(number), conversationIdOf(number))));
  }
  const company = await back('company', '');
  const mix = [opened, deep, company].flatMap((some) => repeated(some, ASKED_OF_KIND));
  return { opened, warmUp: [...long.map(newest), ...deep, ...company], mix };
}

const pathOf = (number: number) => `conversations/${conversationIdOf(number)}/messages`;

/** The cursors with which one comes from the newest page to those behind it. */
async function cursorsBack(wiring: Wiring, conversationId?: string): Promise<string[]> {
  const cursors: string[] = [];
  for (let before: string | undefined; cursors.length < PAGES_DEEP;) {
    const page = await wiring.findMessages({
      companyId: COMPANY,
      conversationId,
      limit: PAGE_LENGTH,
      before,
    });
    if (page.before === null) throw new Error(`only ${cursors.length} pages`);
    before = page.before;
    cursors.push(before);
  }
  return cursors;
}

function repeated(places: readonly Place[], count: number): Place[] {
  return Array.from({ length: count }, (_, at) => places[at % places.length]).filter(
    (place) => place !== undefined,
  );
}

const byUs = (place: Place): Asked => ({ place, bytes: place.ours });
const byFlat = (place: Place): Asked => ({ place, bytes: place.flat });

function ask(server: BenchServer, requests: readonly Asked[]) {
  return askInClosedLoop({
    url: server.url,
    connections: CONNECTIONS,
    requests,
    check: expectPage,
  });
}

function expectPage({ status, body }: Exchange, { place }: Asked): void {
  if (status === 200 && body.length > PAGE_LENGTH * 100) return;
  throw new Error(`no page of kind ${place.kind}: ${status} with ${body.length} bytes`);
}

/** Compiles the code of both, with pages that are not measured. */
async function warmUp(places: Places, ours: BenchServer, flat: BenchServer): Promise<void> {
  await ask(ours, [...places.warmUp, ...places.warmUp].map(byUs));
  await ask(flat, places.warmUp.map(byFlat));
}

const COMPARED_OF_KIND = 10;

/** Both give the same messages, or the comparison would be none. */
async function expectSame(places: Places, ours: BenchServer, flat: BenchServer): Promise<void> {
  for (const kind of KINDS) {
    const some = places.mix.filter((place) => place.kind === kind).slice(0, COMPARED_OF_KIND);
    const [byOurs, byFlats] = [
      await idsOf(ours, some.map(byUs)),
      await idsOf(flat, some.map(byFlat)),
    ];
    if (byOurs !== byFlats) throw new Error(`the flat table gives other pages of kind ${kind}`);
  }
}

async function idsOf(server: BenchServer, requests: readonly Asked[]): Promise<string> {
  const pages: string[] = [];
  const check = ({ body }: Exchange) => {
    const { messages } = JSON.parse(body.toString()) as {
      messages: (Message & { message_id?: string })[];
    };
    pages.push(
      messages
        .map((one) => one.message_id ?? one.messageId)
        .toSorted()
        .join(),
    );
  };
  await askInClosedLoop({ url: server.url, connections: 1, requests, check });
  return pages.join('\n');
}

type Answers = readonly { readonly request: Asked; readonly latencyMs: number }[];

function byKind(answers: Answers): Latencies {
  const of = (kind: Kind) => summed(answers.filter(({ request }) => request.place.kind === kind));
  return { newest: of('newest'), deep: of('deep'), company: of('company'), all: summed(answers) };
}

function summed(answers: Answers) {
  const mean = answers.reduce((sum, one) => sum + one.latencyMs, 0) / answers.length;
  return { p50: latencyMs(answers, 0.5), p99: latencyMs(answers, 0.99), mean };
}
