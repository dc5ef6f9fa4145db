import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { instantOf } from '../../domain/instant.ts';
import type { Message } from '../../domain/message.ts';
import { aMessage } from '../house.ts';
import { daysAgo, type ImportHouse, jsonLines, openImportHouse } from './import/import-house.ts';

const signal = AbortSignal.timeout(600_000);

let house: ImportHouse;
beforeAll(async () => {
  house = await openImportHouse();
});
afterAll(() => house.close());

/** Messages of one Company: of today, of last week, and of half a year ago. */
function aHistory(companyId: string): Message[] {
  return [180, 180.1, 7, 0.2].map((days, nth) =>
    aMessage({
      companyId,
      conversationId: `chat-${nth % 2}`,
      createdAt: instantOf(Math.floor(daysAgo(days))),
      content: `number ${nth}, "quoted"; 📦\nand more`,
    }),
  );
}

async function insertFlat(messages: readonly Message[]): Promise<void> {
  for (const message of messages) {
    const at = message.createdAt.slice(0, -1).replace('T', ' ');
    await sql`insert into chat_messages (message_id, company_id, client_id, conversation_id, role,
      content, metadata, created_at, updated_at) values (${message.messageId},
      ${message.companyId}, ${message.clientId}, ${message.conversationId}, ${message.role},
      ${message.content}, ${JSON.stringify(message.metadata)}, ${at}, ${at})`.execute(house.db);
  }
}

const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
const withoutId = ({ messageId, ...rest }: Message) => {
  expect(messageId).toBeDefined();
  return rest;
};
const inOrder = (messages: readonly Message[]) =>
  messages.toSorted((a, b) => a.createdAt.localeCompare(b.createdAt));
const pageOf = async (companyId: string) =>
  (await house.wiring.findMessages({ companyId, limit: 500 })).messages;
async function tiersOf(companyId: string) {
  const days = (await house.wiring.readLedger()).filter((day) => day.companyId === companyId);
  const sum = (field: 'hot' | 'warm' | 'cold') => days.reduce((all, day) => all + day[field], 0);
  return { hot: sum('hot'), warm: sum('warm'), cold: sum('cold') };
}
async function expectFaultless() {
  const { faults } = await house.wiring.verify({ isDeep: true, signal });
  expect(faults).toEqual([]);
}

describe('migrate-messages without a source', () => {
  it('brings the schema up to date, and says which migrations it applied', async () => {
    expect(await house.run()).toMatchObject({ status: 0, printed: 'the schema is up to date' });
    await sql`delete from kysely_migration where name = '0015_summaries_by_span'`.execute(house.db);

    expect(await house.run('--json')).toMatchObject({
      status: 0,
      printed: '{"applied":["0015_summaries_by_span"]}',
    });
  });

  it('has nothing to rehearse, and migrates nothing then', async () => {
    await sql`delete from kysely_migration where name = '0015_summaries_by_span'`.execute(house.db);

    await expect(house.run('--dry-run')).rejects.toThrow('--dry-run: needs --from');

    expect((await house.run('--json')).printed).toBe('{"applied":["0015_summaries_by_span"]}');
  });

  it('says so where MySQL took no compressed table, as does an import', async () => {
    const format = (name: string) =>
      sql`alter table messages_warm ${sql.raw(name)}`.execute(house.db);
    await format('row_format = dynamic key_block_size = 0');
    const file = await house.write('roomy.jsonl', jsonLines(aHistory('roomy')));

    for (const args of [[], ['--from', file]]) {
      const { status, said } = await house.run(...args);
      expect(said).toContain('MySQL took no compressed table');
      expect(status).toBe(0);
    }
    await format('row_format = compressed key_block_size = 8');
  });
});

describe('migrate-messages from files', () => {
  it('guesses usual names and roles, and stores each Message in the tier of its age', async () => {
    const history = aHistory('guessed');
    const lines = history.map(({ companyId, clientId, conversationId, messageId, ...rest }) => ({
      tenant_id: companyId,
      customer_id: clientId,
      chatId: conversationId,
      uuid: messageId,
      sender: 'human',
      body: rest.content,
      sent_at: Date.parse(rest.createdAt),
    }));
    const file = await house.write('guessed.jsonl', jsonLines(lines));

    const { status, printed, said } = await house.run('--from', file);

    expect(said).toMatch(/conversationId +column chatId/);
    expect(printed).toContain('4 messages of 1 companies on');
    expect(printed).toMatch(/all is as it should be$/);
    expect(status).toBe(0);
    expect(await pageOf('guessed')).toEqual(inOrder(history));
    expect(await tiersOf('guessed')).toEqual({ hot: 1, warm: 1, cold: 2 });
    await expectFaultless();
  });

  it('reads zipped CSV with a byte-order mark, and takes columns and roles as told', async () => {
    const history = aHistory('told');
    const rows = history.map((message) =>
      [message.conversationId, message.createdAt.slice(0, -1).replace('T', ' '), '7']
        .concat(quoted(message.content), message.messageId)
        .join(';'),
    );
    const csv = `\uFEFFroom;at;who;what;key\r\n${rows.join('\r\n')}\r\n`;
    const file = await house.write('told.csv.gz', gzipSync(csv));
    const columns =
      "companyId='told',clientId='ana',conversationId=room,createdAt=at,role=who,content=what,messageId=key";

    const { status } = await house.run('--from', file, '--columns', columns, '--roles', '7=agent');

    expect(status).toBe(0);
    const wanted = history.map((message) => ({ ...message, role: 'agent' }));
    expect(await pageOf('told')).toEqual(inOrder(wanted as Message[]));
  });

  it('reads several files as one source, and columns and roles from a file', async () => {
    const [first, ...others] = aHistory('several').map((message) => ({ ...message, role: 'Kim' }));
    const files = [
      await house.write('one.ndjson', jsonLines([first])),
      await house.write('two.ndjson.gz', gzipSync(jsonLines(others))),
    ];
    const map = { companyId: "'renamed'", roles: { kim: 'system' } };
    const columnsFile = await house.write('columns.json', JSON.stringify(map));

    const { status } = await house.run('--columns-file', columnsFile, '--from', ...files);

    expect(status).toBe(0);
    const roles = (await pageOf('renamed')).map(({ role }) => role);
    expect(roles).toEqual(['system', 'system', 'system', 'system']);
  });

  it('P2: makes the same ids of the same records, so that nothing is stored twice', async () => {
    const lines = aHistory('again').map(withoutId);
    const file = await house.write('again.jsonl', jsonLines(lines));
    await house.run('--from', file);
    const stored = await pageOf('again');

    const onceMore = await house.run('--from', file, '--json');
    const anew = await house.run('--from', file, '--restart', '--json');

    expect(JSON.parse(onceMore.printed)).toMatchObject({ read: 4, stored: 4, duplicates: 0 });
    expect(JSON.parse(anew.printed)).toMatchObject({ read: 4, stored: 0, duplicates: 4 });
    expect(stored).toHaveLength(4);
    expect(await pageOf('again')).toEqual(stored);
    await expectFaultless();
  });

  it('goes on with what a file has grown by', async () => {
    const [first, ...others] = aHistory('grown').map(withoutId);
    await house.run('--from', await house.write('grown.jsonl', jsonLines([first])));
    const file = await house.write('grown.jsonl', jsonLines([first, ...others]));

    const { printed } = await house.run('--from', file, '--json');

    expect(JSON.parse(printed)).toMatchObject({ read: 4, stored: 3, duplicates: 1 });
  });

  it('P5: leaves no page in the cache that lacks what it stored', async () => {
    const [first, ...others] = aHistory('cached');
    const conversation = { companyId: 'cached', conversationId: 'chat-0', limit: 50 };
    await house.run('--from', await house.write('cached-1.jsonl', jsonLines([first])));
    await house.wiring.getRecentMessages(conversation);

    await house.run('--from', await house.write('cached-2.jsonl', jsonLines(others)));

    const { messages } = await house.wiring.getRecentMessages(conversation);
    expect(messages).toHaveLength(2);
  });
});

describe('migrate-messages with records that cannot be Messages', () => {
  const good = aHistory('mixed');
  const lines = [
    JSON.stringify(good[0]),
    'no JSON',
    JSON.stringify({ ...good[1], role: 'parrot' }),
    JSON.stringify({ ...good[1], createdAt: 'yesterday' }),
    JSON.stringify({ ...good[1], companyId: null }),
    JSON.stringify(good[1]),
  ];

  it('stores the others, says of each what is wrong, keeps it, and fails', async () => {
    const file = await house.write('mixed.jsonl', lines.join('\n'));
    const rejects = `${house.folder}/rejects.jsonl`;

    const { status, printed, said } = await house.run('--from', file, '--rejects', rejects);

    expect(status).toBe(1);
    expect(printed).toMatch(/\n +6 +2 +0 +4\n/);
    expect(said).toContain('mixed.jsonl:2: record is not a JSON object; write one object per line');
    expect(said).toContain('mixed.jsonl:3: role is "parrot", which means nobody here');
    expect(said).toContain('mixed.jsonl:4: createdAt must be an ISO 8601 date and time');
    expect(said).toContain('mixed.jsonl:5: companyId must be a string');
    const kept = (await readFile(rejects, 'utf8')).trim().split('\n');
    expect(kept.map((line) => (JSON.parse(line) as { place: string }).place)).toEqual(
      [2, 3, 4, 5].map((line) => `mixed.jsonl:${line}`),
    );
    expect(await pageOf('mixed')).toHaveLength(2);
  });

  it('counts and refuses the same in a dry run, and stores nothing', async () => {
    const dry = lines.map((line) => line.replace('"mixed"', '"dry"')).join('\n');
    const file = await house.write('dry.jsonl', dry);

    const { status, printed, said } = await house.run('--from', file, '--dry-run');

    expect(status).toBe(1);
    expect(printed).toMatch(/^dry +2 +/m);
    expect(printed).toContain('6 read, 4 would be refused; nothing was stored');
    expect(said).toContain('dry.jsonl:3: role is "parrot"');
    expect(await house.wiring.readLedger()).not.toContainEqual(
      expect.objectContaining({ companyId: 'dry' }),
    );
  });

  it('says which field is found nowhere, and what there is', async () => {
    const file = await house.write('nowhere.jsonl', jsonLines([{ text: 'hi', at: 1, x: 2 }]));
    await expect(house.run('--from', file)).rejects.toThrow(
      /no column looks like companyId, clientId, .*--columns "companyId=COLUMN".*text, at, x$/,
    );
    await expect(house.run('--from', file, '--columns', 'role=y')).rejects.toThrow(
      'role: nowhere.jsonl has no column y; there are: text, at, x',
    );
    await expect(house.run('--from', '/no/such.jsonl')).rejects.toThrow('check the path');
    await expect(house.run('--from', '/etc/hosts')).rejects.toThrow('must end in .jsonl');
  });
});

describe('migrate-messages from a table', () => {
  it('finds the table and its columns, and goes on with rows that came since', async () => {
    await sql`create table chat_messages (
      id bigint not null auto_increment primary key,
      message_id char(36) not null, company_id varchar(191) not null,
      client_id varchar(191) not null, conversation_id varchar(191) not null,
      role varchar(191) not null, content text not null, metadata json null,
      created_at datetime(3) not null, updated_at datetime(3) not null,
      key chat_messages_created_at (created_at)
    ) engine = InnoDB default character set utf8mb4`.execute(house.db);
    const history = aHistory('flat').map((message) => ({ ...message, metadata: { a: 1 } }));
    await insertFlat(history.slice(0, 3));

    const first = await house.run('--from', house.config.mysqlUrl);
    await insertFlat(history.slice(3));
    await sql`analyze table chat_messages`.execute(house.db); // It tells how many rows there are.
    const drawn = vi.spyOn(process.stderr, 'write');
    const second = await house.run('--from', house.config.mysqlUrl, '--json');
    const lines = drawn.mock.calls.map(([line]) => String(line));
    drawn.mockRestore();

    expect(first.said).toContain(`table ${house.name}.chat_messages`);
    expect(first.status).toBe(0);
    expect(JSON.parse(second.printed)).toMatchObject({ read: 4, stored: 4, duplicates: 0 });
    expect(lines).toContainEqual(expect.stringMatching(/^importing .* 100 % {2}1 of 1 records/));
    expect(await pageOf('flat')).toEqual(inOrder(history));
    await expectFaultless();
  });

  it('makes ids of the key where there are none, and reads any unique key in order', async () => {
    await sql`create table old_log (
      part char(3) not null, nr int not null, who tinyint not null, chat varbinary(16) not null,
      txt text not null, ts timestamp not null, unique key (part, nr)
    ) engine = InnoDB default character set utf8mb4`.execute(house.db);
    await sql`insert into old_log values ('b', 1, 0, 'c', 'four', '2026-03-01 00:00:04'),
      ('a', 9, 1, 'c', 'three', '2026-03-01 00:00:03'), ('a', 2, 0, 'c', 'two', '2026-03-01 00:00:02'),
      ('a', 1, 0, 'c', 'one', '2026-03-01 00:00:01')`.execute(house.db);
    const columns = "companyId='log',clientId='x',conversationId=chat,role=who,content=txt";
    const flags = ['--table', 'old_log', '--columns', columns, '--roles', '0=user,1=bot'];

    const { status } = await house.run('--from', house.config.mysqlUrl, ...flags);

    expect(status).toBe(0);
    const page = await pageOf('log');
    expect(page.map(({ content }) => content)).toEqual(['one', 'two', 'three', 'four']);
    expect(page.map(({ role }) => role)).toEqual(['user', 'user', 'bot', 'user']);
  });

  it('refuses a table whose rows have no order, and one that is not there', async () => {
    await sql`create table loose (content text, created_at datetime)`.execute(house.db);
    const from = ['--from', house.config.mysqlUrl, '--table'];
    await expect(house.run(...from, 'loose')).rejects.toThrow('has no primary key');
    await expect(house.run(...from, 'lost')).rejects.toThrow('there is no table lost; there are:');
  });
});

describe('the comparison at the end', () => {
  it('finds what is missing and what is different, by Company and day, and fails', async () => {
    const history = aHistory('planted').map((message, nth) => ({
      ...message,
      createdAt: instantOf(daysAgo(7) + nth),
    }));
    const file = await house.write('planted.jsonl', jsonLines(history));
    expect((await house.run('--from', file)).status).toBe(0);
    // A neighbour of the same day is none of its business.
    await house.wiring.deps.storeMessages([{ ...aMessage(), companyId: 'planted' }], signal);
    await house.wiring.deps.storeMessages(
      [aMessage({ companyId: 'planted', createdAt: instantOf(daysAgo(7)) })],
      signal,
    );
    expect((await house.run('--from', file)).status).toBe(0);

    const ofPlanted = sql`company_no = (select company_no from companies where company_id = 'planted')`;
    await sql`delete from messages_warm where ${ofPlanted} and content like 'number 1%'`.execute(
      house.db,
    );
    await sql`update messages_warm set content = 'altered'
      where ${ofPlanted} and content like 'number 2%'`.execute(house.db);
    const { status, printed } = await house.run('--from', file, '--json');

    expect(status).toBe(1);
    const { compared } = JSON.parse(printed) as { compared: { mismatches: unknown[] } };
    expect(compared.mismatches).toEqual([
      expect.objectContaining({ companyId: 'planted', inSource: 4, missing: 1, different: 1 }),
    ]);
  });
});
