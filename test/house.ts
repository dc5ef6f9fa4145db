import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { createConnection } from 'mysql2/promise';
import { pino } from 'pino';
import { inject } from 'vitest';
import { type Config, readConfig } from '../config.ts';
import { runDashboard, type RunningDashboard } from '../dashboard/run.ts';
import { openDatabase } from '../db/database.ts';
import type { Database } from '../db/schema.ts';
import type { Message } from '../domain/message.ts';
import { newMessageId } from '../domain/message-id.ts';
import { openProducer, type Producer, type ProducerOptions } from '../queues/producer.ts';
import { openWiring } from '../wiring.ts';
import { runFleet, type RunningFleet } from '../workers/run.ts';

/** Messages of tests are as old as their dates; they stay hot unless a test is about tiers. */
export const ALL_HOT = { HOT_HOURS: '1000000', WARM_DAYS: '50000' };

export type TestHouse = Awaited<ReturnType<typeof openTestHouse>>;

/**
 * A whole installation for one test file: its own database and key prefix on the real servers of the
 * run, migrated and empty. What is opened through it is closed with it.
 */
export async function openTestHouse(env: Record<string, string> = {}) {
  const name = `camadas_test_${randomBytes(6).toString('hex')}`;
  const urls = inject('serverUrls');
  const config = readConfig({
    ...urls,
    MYSQL_URL: inDatabase(urls.MYSQL_URL, name),
    KEY_PREFIX: name,
    LOG_LEVEL: 'silent',
    ...ALL_HOT,
    ...env,
  });
  await onServer(urls.MYSQL_URL, `create database ${name}`);
  const db = openDatabase({ url: config.mysqlUrl, connectionsMax: 4 });
  const wiring = openWiring(config);
  await wiring.migrate();
  const opened: (() => Promise<void>)[] = [];

  return {
    name,
    config,
    /** A second pool: what a DBA would see. */
    db,
    wiring,
    openProducer(options: Partial<ProducerOptions> = {}): Producer {
      const producer = openProducer({
        redisUrl: config.queueRedisUrl,
        prefix: config.keyPrefix,
        ...options,
      });
      opened.push(producer.close);
      return producer;
    },
    async runFleet(overrides: Partial<Config> = {}): Promise<RunningFleet> {
      const fleet = await runFleet({ ...config, ...overrides }, pino({ level: 'silent' }));
      opened.push(fleet.stop);
      return fleet;
    },
    /** The HTTP API on a free port. */
    async openDashboard(overrides: Partial<Config> = {}): Promise<RunningDashboard> {
      const log = pino({ level: 'silent' });
      const dashboard = await runDashboard({ ...config, httpPort: 0, ...overrides }, log);
      opened.push(dashboard.stop);
      return dashboard;
    },
    /** Another process's view: own connections, own L1, the same servers. */
    openNeighbour() {
      const neighbour = openWiring(config);
      opened.push(neighbour.close);
      return neighbour;
    },
    async close() {
      for (const close of opened.toReversed()) await close();
      await wiring.close();
      await db.destroy();
      await onServer(urls.MYSQL_URL, `drop database ${name}`);
    },
  };
}

/** A valid Message; what a test is about, it says itself. */
export function aMessage(given: Partial<Message> = {}): Message {
  return {
    companyId: 'padaria',
    clientId: 'ana',
    conversationId: 'pedido-1',
    messageId: newMessageId(),
    role: 'user',
    content: 'Cadê o meu pedido? 📦',
    createdAt: '2026-03-01T12:00:00.000Z',
    ...given,
  };
}

/** Asks again until the answer is as wanted. The deadline is a failure's, not a pace. */
export async function eventually<Answer>(
  ask: () => Promise<Answer>,
  isWanted: (answer: Answer) => boolean,
  timeoutMs = 15_000,
): Promise<Answer> {
  const dueAt = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
    if (Date.now() > dueAt)
      throw new Error(`not so within ${timeoutMs} ms: ${JSON.stringify(answer)}`);
    await pause(20);
  }
}

/**
 * What is running in the database of a connection. Not from information_schema.processlist: MySQL 9.7
 * refuses it while anybody's statement holds an emoji; and nothing that was killed, which still shows.
 */
export async function runningStatements(
  db: Kysely<Database>,
): Promise<{ id: number; text: string }[]> {
  const { rows } = await sql<{
    Id: number | string;
    db: string | null;
    Command: string;
    Info: string | null;
  }>`show full processlist`.execute(db);
  const own = await sql<{ name: string }>`select database() as name`.execute(db);
  return rows
    .filter((row) => row.db === own.rows[0]?.name && row.Command === 'Query')
    .map((row) => ({ id: Number(row.Id), text: row.Info ?? '' }));
}

function inDatabase(mysqlUrl: string, name: string): string {
  const url = new URL(mysqlUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function onServer(mysqlUrl: string, statement: string): Promise<void> {
  const connection = await createConnection(inDatabase(mysqlUrl, ''));
  await connection.query(statement);
  await connection.end();
}
