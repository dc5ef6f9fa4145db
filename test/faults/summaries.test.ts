import type { Connection } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SCOPES } from '../../domain/api-key.ts';
import { summarizeConversation } from '../../workers/summarize.ts';
import { codeOf, openCaller } from '../dashboard/caller.ts';
import { aMessage, eventually } from '../house.ts';
import { openPrivateHouse, type PrivateHouse } from './private-house.ts';

const signal = AbortSignal.timeout(120_000);

let house: PrivateHouse;
beforeAll(async () => void (house = await openPrivateHouse()));
afterEach(() => house.tidyUp());
afterAll(() => house?.close());

/** Version 1 of every Summary, not committed: whoever wants to keep one waits for this. */
const OCCUPY = `insert into camadas.summaries
  select company_no, conversation_no, 1, 1, utc_timestamp(3), 'occupied', 1, utc_timestamp(3), '',
    1, 0, 'pt', 'neutral', 0, '[]', '[]', '[]', '', 0, 0, 0
  from camadas.conversations`;

/**
 * Whether somebody is about to keep one. Not from innodb_trx: InnoDB looks again only for who has not
 * asked in the last tenth of a second.
 */
async function isAnyKept(connection: Connection): Promise<boolean> {
  const [rows] = await connection.query('show full processlist');
  return (rows as { Info: string | null }[]).some(({ Info }) =>
    Info?.startsWith('insert into `summaries`'),
  );
}

describe('a worker that is killed between making a Summary and keeping it', () => {
  it('leaves none behind, and another one makes it', async () => {
    const wiring = await house.openWiring();
    const message = aMessage();
    const { companyId, conversationId } = message;
    await wiring.deps.storeMessages([message], signal);
    const occupant = await house.openRoot();
    await occupant.beginTransaction();
    await occupant.query(OCCUPY);

    const fleet = house.spawnFleet();
    await fleet.ready;
    await wiring.askForSummary({ companyId, conversationId });
    await eventually(() => isAnyKept(occupant), Boolean);
    await fleet.kill();
    await occupant.rollback();
    await occupant.end();
    expect((await wiring.readSummary({ companyId, conversationId }))?.summary).toBeNull();

    await house.runFleet();
    const versions = () => wiring.listSummaryVersions({ companyId, conversationId });
    await eventually(versions, (found) => found?.length === 1, 40_000);
    await eventually(
      () => wiring.queue.inspector.counts('summarize'),
      ({ waiting, active }) => waiting + active === 0,
    );
    expect(await versions()).toMatchObject([{ version: 1, model: 'built-in' }]);
  }, 90_000);
});

describe("without the queue's Redis", () => {
  it('P8: gives what there is, and says when to come for what there is not', async () => {
    const own = { keyPrefix: 'sem-fila' };
    const wiring = await house.openWiring(own);
    const [kept, none] = ['kept', 'none'];
    const companyId = 'sem-fila';
    const messages = [kept, none].map((id) => aMessage({ companyId, conversationId: id }));
    await wiring.deps.storeMessages(messages, signal);
    await summarizeConversation({ companyId, conversationId: kept }, wiring.deps, signal);
    const { url } = await house.openDashboard(own);
    const wish = { companyId, scopes: SCOPES, label: '', expiresAt: null };
    const caller = openCaller(url, (await wiring.keys.create(wish, Date.now())).token);
    const ask = (id: string, method: string) =>
      caller.ask(`/messages/conversations/${id}/summary`, { method });
    expect(await ask(none, 'GET')).toMatchObject({ status: 202 });

    await house.kill('queue-redis');
    try {
      expect(await ask(kept, 'GET')).toMatchObject({ status: 200 });
      for (const asked of [
        ask(none, 'GET'),
        ask(none, 'POST'),
        ask(kept, 'POST'),
        caller.get('/messages/patterns'),
      ]) {
        const answer = await asked;
        expect([answer.status, codeOf(answer)]).toEqual([503, 'QUEUE_UNREACHABLE']);
        expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      }
    } finally {
      await house.restart();
    }

    await eventually(
      () => ask(none, 'GET'),
      ({ status }) => status === 202,
    );
    caller.close();
  }, 60_000);
});
