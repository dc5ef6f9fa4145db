import { setTimeout as pause } from 'node:timers/promises';
import { type Connection, createConnection } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../house.ts';
import {
  countStored,
  expectKept,
  msUntilNextStored,
  openPrivateHouse,
  type PrivateHouse,
  someMessages,
  untilDrained,
} from './private-house.ts';
import { openStream } from './stream.ts';

const RECOVERY_MS_MAX = 3_000;

let house: PrivateHouse;
beforeAll(async () => void (house = await openPrivateHouse()));
afterEach(async () => {
  await house.asRoot('set global read_only = 0', 'set global max_connections = 200');
  await house.tidyUp();
});
afterAll(() => house?.close());

/** A Fleet at work for one Company, and a chatbot that goes on talking. */
async function openLoad(companyId: string) {
  const wiring = await house.openWiring({ keyPrefix: companyId });
  const root = await house.openRoot();
  const others = await connectionIds(root);
  const fleet = await house.runFleet({ keyPrefix: companyId });
  const producer = house.openProducer({ prefix: companyId });
  let stream = openStream(producer, { companyId });
  await msUntilNextStored(house);
  const before: string[] = [];

  return {
    root,
    /** The connections the Fleet holds now. */
    connectionIds: async () => (await connectionIds(root)).filter((id) => !others.includes(id)),
    /** Lets the chatbot go on until `count` more Messages were accepted. */
    async talkOn(count: number): Promise<void> {
      const from = stream.accepted.length;
      await eventually(
        async () => stream.accepted.length,
        (now) => now >= from + count,
      );
    },
    async fallSilent(): Promise<void> {
      await stream.stop();
      await untilDrained(wiring);
      before.push(...stream.accepted);
    },
    talkAgain(conversationOf: (nth: number) => string): void {
      stream = openStream(producer, { companyId, conversationOf });
    },
    /** Ends the stream; nothing of it may be lost, twice or dead, and no job may have failed. */
    async expectAllKept(): Promise<void> {
      await stream.stop();
      await root.end();
      const counts = await untilDrained(wiring);
      expect(stream.refusals).toEqual([]); // The chatbot need not know of MySQL.
      expect(counts).toMatchObject({ dead: 0 });
      await expectKept(house, companyId, { accepted: [...before, ...stream.accepted] });
      expect(fleet.lines.filter((line) => line.includes('job not done'))).toEqual([]);
    },
  };
}

describe('MySQL goes away under load', () => {
  // Red without ECONNREFUSED among the transient faults: jobs then use up their attempts.
  it.each([
    ['killed', 'kill', 'padaria'],
    ['ended gracefully', 'stopGracefully', 'clinica'],
  ] as const)('P1, P2: %s and restarted, nothing is lost, nothing twice', async (_, end, name) => {
    const load = await openLoad(name);

    await house[end]('mysql');
    await load.talkOn(500);
    await house.restart();
    const recoveryMs = await msUntilNextStored(house);

    expect(recoveryMs).toBeLessThan(RECOVERY_MS_MAX);
    report(`MySQL ${end}`, recoveryMs);
    await load.expectAllKept();
  });

  // Red without either `hangUp`: connections stay with what is no primary any more.
  it.each([
    ['known Conversations', 'otica', (nth: number) => `pedido-${nth % 20}`],
    ['new Conversations', 'mercado', (nth: number) => `novo-${nth}`],
  ])('P1, P2: only reads for a while: %s, nothing is lost', async (_, name, conversationOf) => {
    const load = await openLoad(name);
    const { root } = load;
    await load.fallSilent();
    const old = await load.connectionIds();
    expect(old.length).toBeGreaterThan(0);

    await root.query('set global read_only = 1');
    load.talkAgain(conversationOf);
    await eventually(load.connectionIds, (ids) => ids.every((id) => !old.includes(id)));
    const before = await countStored(root);
    await load.talkOn(200);
    expect(await countStored(root)).toBe(before);
    await root.query('set global read_only = 0');
    const recoveryMs = await msUntilNextStored(house);

    expect(recoveryMs).toBeLessThan(RECOVERY_MS_MAX);
    report('MySQL read-only', recoveryMs);
    await load.expectAllKept();
  });

  // Red without ER_CON_COUNT_ERROR among the transient faults.
  it('P1, P2: has no connection left for a while, nothing is lost', async () => {
    const load = await openLoad('farmacia');
    const { root } = load;
    await root.query('set global max_connections = 12');
    const hogs: Connection[] = [];
    const ofTheFleet = async () => {
      const theirs = hogs.map(({ threadId }) => threadId);
      return (await load.connectionIds()).filter((id) => !theirs.includes(id));
    };
    const takeOver = async () => {
      for (const id of await ofTheFleet()) await root.query(`kill ${id}`).catch(() => {}); // Gone.
      await takeAll(hogs);
      return ofTheFleet();
    };
    const storedMeanwhile = async () => {
      await eventually(takeOver, (ids) => ids.length === 0);
      const before = await countStored(root);
      await load.talkOn(500);
      return (await countStored(root)) - before;
    };
    // Not at once: MySQL frees the place of a killed connection after it has left the list.
    await eventually(storedMeanwhile, (count) => count === 0);
    for (const hog of hogs) hog.destroy();
    const recoveryMs = await msUntilNextStored(house);

    expect(recoveryMs).toBeLessThan(RECOVERY_MS_MAX);
    report('MySQL connections', recoveryMs);
    await load.expectAllKept();
  });
});

// Red without ER_LOCK_DEADLOCK among the transient faults.
it('P1, P2: loses nothing to deadlocks with somebody who locks the other way round', async () => {
  const load = await openLoad('livraria');
  const rival = await openRival();

  await eventually(
    () => rival.won(),
    (won) => won >= 5,
  );
  await rival.stop();

  await load.expectAllKept();
}, 40_000);

// Red without halving in `group-commit.ts`: the others are tried, and die, with the one to blame.
it('P1: a Message that MySQL refuses for a reason nobody knows takes no other with it', async () => {
  const wiring = await house.openWiring({ keyPrefix: 'poison' });
  const messages = someMessages('relojoaria', 200);
  const [poison] = messages.splice(77, 1, ...someMessages('relojoaria', 1));
  await house.asRoot(
    'alter table camadas.messages_hot add column trap int as (1 / (content <> "poison")) stored',
  );
  const producer = house.openProducer({ prefix: 'poison', messagesPerJobMax: 1 });
  const poisonous = { ...messages[0], ...poison, content: 'poison' };
  await producer.createMessages([...messages, poisonous as (typeof messages)[0]]);

  const fleet = await house.runFleet({ keyPrefix: 'poison' });

  const { inspector } = wiring.queue;
  const idle = await eventually(
    () => inspector.counts('persist'),
    ({ waiting, active, delayed }) => waiting + active === 0 && delayed <= 1,
  );
  expect(idle.dead).toBe(0);
  await expectKept(house, 'relojoaria', { accepted: messages.map((one) => one.messageId) });
  const ids = fleet.lines.map((line) => JSON.parse(line) as { jobId?: string });
  expect(new Set(ids.flatMap(({ jobId }) => jobId ?? [])).size).toBe(1);
  await house.asRoot('alter table camadas.messages_hot drop column trap');
  await untilDrained(wiring);
});

async function connectionIds(root: Connection): Promise<number[]> {
  // Not information_schema.processlist: MySQL 9.7 cannot show an emoji of a running statement there.
  const [rows] = await root.query('show processlist');
  const processes = rows as { Id: number | string; User: string }[];
  return processes.filter(({ User }) => User === 'camadas').map(({ Id }) => Number(Id));
}

/** Takes every connection that MySQL gives to others than root. */
async function takeAll(hogs: Connection[]): Promise<void> {
  for (;;) {
    try {
      hogs.push(await createConnection(house.config.mysqlUrl));
    } catch {
      return;
    }
  }
}

/**
 * Locks Conversations from the last to the first, as no writer of ours does. It changes so much
 * besides that MySQL, which ends the lighter one of two, always ends ours.
 */
async function openRival() {
  const connection = await createConnection(house.config.mysqlUrl);
  await connection.query('create table if not exists rival (n int)');
  const [rows] = await connection.query(
    'select conversation_no as no from conversations order by conversation_no desc limit 20',
  );
  const ballast = Array.from({ length: 2_000 }, (_, n) => [n]);
  const deadlocksAtStart = await countDeadlocks();
  let lost = 0;
  const ending = new AbortController();

  async function countDeadlocks(): Promise<number> {
    const root = await house.openRoot();
    const [counted] = await root.query(
      "select count as n from information_schema.innodb_metrics where name = 'lock_deadlocks'",
    );
    await root.end();
    return Number((counted as { n: number | string }[])[0]?.n);
  }

  async function lockAll(): Promise<void> {
    await connection.beginTransaction();
    await connection.query('insert into rival values ?', [ballast]);
    for (const { no } of rows as { no: number }[]) {
      await connection.query('select * from conversations where conversation_no = ? for update', [
        no,
      ]);
      await pause(1);
    }
    await connection.rollback();
  }

  async function run(): Promise<void> {
    while (!ending.signal.aborted) {
      await lockAll().catch(async () => {
        lost += 1;
        await connection.rollback();
      });
    }
    await connection.end();
  }

  const running = run();
  return {
    won: async () => (await countDeadlocks()) - deadlocksAtStart - lost,
    async stop() {
      ending.abort();
      await running;
    },
  };
}

function report(what: string, recoveryMs: number): void {
  process.stderr.write(`${what}: works again ${Math.round(recoveryMs)} ms after its return\n`);
}
