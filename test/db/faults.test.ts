import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findFreePort } from '../../bin/dev/free-port.ts';
import { openDatabase } from '../../db/database.ts';
import { columnOf, faultCode, faultKind, isReadOnly } from '../../db/faults.ts';
import type { Database } from '../../db/schema.ts';
import { eventually, openTestHouse, runningStatements, type TestHouse } from '../house.ts';

describe('the kind of a fault', () => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await openTestHouse();
    await sql`insert into companies (company_no, company_id) values (1, 'a'), (2, 'b')`.execute(
      house.db,
    );
  });
  afterAll(() => house.close());

  const faultOf = (statement: string, db: Kysely<Database> = house.db): Promise<unknown> =>
    sql
      .raw(statement)
      .execute(db)
      .then(
        () => expect.fail(`no fault: ${statement}`),
        (error: unknown) => error,
      );

  it.each([
    ['a unique key that is taken', `insert into companies (company_id) values ('a')`],
    [
      'a primary key that is taken',
      `insert into companies (company_no, company_id) values (1, 'c')`,
    ],
  ])('is duplicate for %s', async (_what, statement) => {
    expect(faultKind(await faultOf(statement))).toBe('duplicate');
  });

  it.each([
    [
      'a text too long',
      'company_id',
      `insert into companies (company_id) values ('${'x'.repeat(65)}')`,
    ],
    ['a null', null, 'insert into companies (company_id) values (null)'],
    [
      'a word for a number',
      null,
      `insert into companies (company_no, company_id) values ('x', 'x')`,
    ],
    [
      'a number too large',
      'company_no',
      `insert into companies (company_no, company_id) values (99999999999, 'x')`,
    ],
    [
      'a day that does not exist',
      null,
      `insert into ledger (company_no, day, slot) values (1, '2026-02-30', 0)`,
    ],
    ['a role we do not know', 'role', hotRow(`'clown'`, `'hello'`)],
    ['bytes that are no UTF-8', null, hotRow(`'user'`, `x'ff'`)],
  ])('is data for %s', async (_what, column, statement) => {
    const error = await faultOf(statement);
    expect(faultKind(error)).toBe('data');
    if (column !== null) expect(columnOf(error)).toBe(column);
  });

  it('is data for a rule of the table that a row breaks', async () => {
    await sql`create table ruled (id int, constraint positive check (id > 0))`.execute(house.db);
    expect(faultKind(await faultOf('insert into ruled values (-1)'))).toBe('data');
  });

  it('is transient for a deadlock', async () => {
    const bothLocked = openMeeting(2);
    const lockBoth = (first: number, second: number) =>
      house.db.transaction().execute(async (transaction) => {
        await lock(first).execute(transaction);
        await bothLocked();
        await lock(second).execute(transaction);
      });

    const outcomes = await Promise.allSettled([lockBoth(1, 2), lockBoth(2, 1)]);

    const faults = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(faults.map(faultCode)).toEqual(['ER_LOCK_DEADLOCK']);
    expect(faults.map(faultKind)).toEqual(['transient']);
  });

  it('is transient for a lock that is not given in time', async () => {
    const fault = await house.db.transaction().execute(async (holder) => {
      await lock(1).execute(holder);
      return house.db.connection().execute(async (waiter) => {
        await sql`set session innodb_lock_wait_timeout = 1`.execute(waiter);
        const error = await faultOf(
          'update companies set company_id = 1 where company_no = 1',
          waiter,
        );
        await sql`set session innodb_lock_wait_timeout = 50`.execute(waiter);
        return error;
      });
    });
    expect(faultCode(fault)).toBe('ER_LOCK_WAIT_TIMEOUT');
    expect(faultKind(fault)).toBe('transient');
  });

  it.each(['kill', 'kill query'])('is transient for a %s while a statement waits', async (kill) => {
    const fault = await house.db.transaction().execute(async (holder) => {
      await lock(1).execute(holder);
      const statement = 'update companies set company_id = 2 where company_no = 1';
      const waiting = house.db
        .connection()
        .execute((waiter) => faultOf(`/* waits here */ ${statement}`, waiter));
      const find = async () =>
        (await runningStatements(holder)).find(({ text }) => text.startsWith('/* waits here */'));
      const found = await eventually(find, (one) => one !== undefined);
      await sql.raw(`${kill} ${found?.id}`).execute(holder);
      return waiting;
    });
    expect([faultCode(fault), faultKind(fault)]).toEqual([expect.any(String), 'transient']);
  });

  it('is transient for a connection that was ended meanwhile', async () => {
    const fault = await house.db.connection().execute(async (one) => {
      const { rows } = await sql<{ id: string }>`select connection_id() as id`.execute(one);
      await sql.raw(`kill ${rows[0]?.id}`).execute(house.db);
      return faultOf('select 1', one);
    });
    expect([faultCode(fault), faultKind(fault)]).toEqual([expect.any(String), 'transient']);
  });

  it('is transient for a server that is not there', async () => {
    const url = `mysql://nobody@127.0.0.1:${await findFreePort()}/nothing`;
    const away = openDatabase({ url, connectionsMax: 1 });
    const fault = await faultOf('select 1', away);
    await away.destroy();
    expect([faultCode(fault), faultKind(fault)]).toEqual(['ECONNREFUSED', 'transient']);
  });

  it('is transient for a server that only reads, as after a failover', async () => {
    const fault = await house.db.connection().execute(async (one) => {
      await sql`start transaction read only`.execute(one);
      const error = await faultOf(`insert into companies (company_id) values ('c')`, one);
      await sql`rollback`.execute(one);
      return error;
    });
    expect(faultKind(fault)).toBe('transient');
    expect(isReadOnly(fault)).toBe(true);
  });

  it('is unknown for a mistake of ours', async () => {
    expect(faultKind(await faultOf('selekt 1'))).toBe('unknown');
    expect(faultKind(await faultOf('select nothing from companies'))).toBe('unknown');
    for (const thrown of [new Error('a bug'), new TypeError('a bug'), 'text', null, undefined]) {
      expect(faultKind(thrown)).toBe('unknown');
      expect(faultCode(thrown)).toBe('');
      expect(isReadOnly(thrown)).toBe(false);
      expect(columnOf(thrown)).toBeNull();
    }
  });
});

const lock = (no: number) => sql`select * from companies where company_no = ${no} for update`;

function hotRow(role: string, content: string): string {
  return `insert into messages_hot (company_no, conversation_no, created_at, message_id,
    client_no, role, content) values (1, 1, '2026-03-01', x'00', 1, ${role}, ${content})`;
}

/** Whoever comes waits until all are there. */
function openMeeting(size: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let present = 0;
  return () => {
    present += 1;
    if (present === size) resolve();
    return promise;
  };
}
