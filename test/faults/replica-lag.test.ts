import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { pathToFileURL } from 'node:url';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openReplicaLag } from '../../db/replica-lag.ts';
import { aMessage, eventually } from '../house.ts';
import { openPrivateHouse, type PrivateHouse } from './private-house.ts';

const signal = AbortSignal.timeout(600_000);
const DAY = '2026-03-01';

let source: PrivateHouse;
let replica: PrivateHouse;
let folder: string;
/** Replication needs the binary log, which MariaDB does not write unless told at its start. */
let isReplicating = false;
beforeAll(async () => {
  [source, replica] = await Promise.all([openPrivateHouse(), openPrivateHouse()]);
  folder = await mkdtemp(join(tmpdir(), 'camadas-replica-'));
  isReplicating = await replicate();
}, 60_000);
afterAll(async () => {
  await source?.tidyUp();
  await Promise.all([source?.close(), replica?.close()]);
  await rm(folder, { recursive: true, force: true });
});

/** @returns False if the source writes no binary log. */
async function replicate(): Promise<boolean> {
  const root = await source.openRoot();
  const [[settings]] = await root.query<RowDataPacket[]>('select @@log_bin as log, @@port as port');
  if (settings?.['log'] !== 1) {
    await root.end();
    return false;
  }
  await root.query(`create user 'replica'@'127.0.0.1' identified by 'aReplica'`);
  await root.query(`grant replication slave on *.* to 'replica'@'127.0.0.1'`);
  const [[log]] = await root.query<RowDataPacket[]>('show binary log status');
  await root.end();
  await replica.asRoot(
    'set global server_id = 2',
    `change replication source to source_host = '127.0.0.1', source_port = ${settings['port']},
      source_user = 'replica', source_password = 'aReplica', get_source_public_key = 1,
      source_log_file = '${log?.['File']}', source_log_pos = ${log?.['Position']}`,
    'start replica',
    `create user 'watcher'@'127.0.0.1' identified by 'aWatcher'`,
    `grant replication client on *.* to 'watcher'@'127.0.0.1'`,
  );
  return true;
}

const watcherUrl = () => {
  const url = new URL(replica.config.mysqlUrl);
  [url.username, url.password, url.pathname] = ['watcher', 'aWatcher', ''];
  return url.href;
};

/** How long the replica waits before it does what the source did. */
const delay = (seconds: number) =>
  replica.asRoot(
    'stop replica sql_thread',
    `change replication source to source_delay = ${seconds}`,
    'start replica sql_thread',
  );

describe('a replica that is behind', () => {
  // Red without the wait in `breathe`.
  it('is waited for between two transactions of a move', async (context) => {
    context.skip(!isReplicating, 'MySQL writes no binary log');
    const wiring = await source.openWiring({
      archiveUrl: pathToFileURL(folder).href,
      replicaUrls: [watcherUrl()],
      replicaLagSecondsMax: 1,
    });
    expect(await wiring.check()).toEqual([]);
    const message = aMessage({ createdAt: `${DAY}T12:00:00.000Z` });
    const { companyId } = message;
    await wiring.deps.storeMessages([message], signal);
    await wiring.archive.move(
      { companyId, tier: 'hot', before: '2026-03-02T00:00:00.000Z' },
      { signal },
    );
    const lag = openReplicaLag([watcherUrl()]);
    const root = await source.openRoot();
    await eventually(lag.seconds, (seconds) => seconds === 0);
    await delay(3_600);
    await root.query('create table camadas.news (it int)'); // Something to be behind with.
    await eventually(lag.seconds, (seconds) => seconds > 1);

    let isDone = false;
    const moving = wiring.archive.move({ companyId, tier: 'warm', day: DAY }, { signal });
    void moving.then(() => (isDone = true));
    await eventually(
      () => countWarm(root),
      (rows) => rows === 0,
    );
    expect(await lag.seconds()).toBeGreaterThan(1);
    expect(isDone).toBe(false);

    await delay(0);
    expect(await moving).toEqual({ moved: 1 });
    await Promise.all([lag.close(), root.end()]);
  });

  it('is not waited for once it has stopped, and the fleet says so at its start', async (context) => {
    context.skip(!isReplicating, 'MySQL writes no binary log');
    await replica.asRoot('stop replica');
    const lag = openReplicaLag([watcherUrl(), replica.config.mysqlUrl]);

    expect(await lag.seconds()).toBe(0);

    const sentences = (await lag.check()).map(({ sentence }) => sentence);
    expect(sentences).toEqual([
      expect.stringContaining('it does not replicate'),
      expect.stringContaining('REPLICATION CLIENT'),
    ]);
    expect(sentences.join()).not.toContain('aWatcher');
    await lag.close();
  });
});

async function countWarm(root: Connection): Promise<number> {
  const [[row]] = await root.query<RowDataPacket[]>(
    'select count(*) as messages from camadas.messages_warm',
  );
  return Number(row?.['messages']);
}

describe('a replica that hangs', () => {
  // Red without the limit: it accepts connections, and says nothing.
  it('is not waited for', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const lag = openReplicaLag([`mysql://reader:x@127.0.0.1:${port}`]);
    try {
      expect(await lag.seconds()).toBe(0);
    } finally {
      silent.close();
      await lag.close();
    }
  }, 8_000);
});
