import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openBoard } from '../../dashboard/board.ts';
import { eventually, openTestHouse, type TestHouse } from '../house.ts';
import { openPrivateRedis, type PrivateRedis } from '../queues/private-redis.ts';
import { openVisitor, PASSWORD } from './visitor.ts';

let house: TestHouse;
let redis: PrivateRedis;

beforeAll(async () => {
  [house, redis] = await Promise.all([openTestHouse(), openPrivateRedis()]);
});
afterAll(async () => {
  await house.close();
  await redis.close();
});

const BOARD = '/queues/api/queues';

it('says so while the queue’s Redis is away, and shows the board again when it is back', async () => {
  const { url } = await house.openDashboard({ adminPassword: PASSWORD, queueRedisUrl: redis.url });
  const visitor = openVisitor(url, { accept: 'application/json' });
  const ask = async () => (await visitor.get(BOARD)).status;
  await visitor.logIn();
  expect(await ask()).toBe(200);

  await redis.freeze();
  const startedAt = performance.now();
  const problem = await visitor.get(BOARD);
  expect(performance.now() - startedAt).toBeLessThan(10_000);
  expect(problem.status).toBe(503);
  expect(await problem.json()).toMatchObject({ code: 'QUEUE_UNREACHABLE' });
  await redis.thaw();
  await eventually(ask, (status) => status === 200);

  await redis.stop();
  expect(await ask()).toBe(503);
  const form = await openVisitor(url).logIn();
  expect(form.status).toBe(503);
  expect(await form.text()).toContain('Redis does not answer');
  expect((await visitor.get('/', { accept: 'text/html' })).status).toBe(200);
  expect((await visitor.get('/healthz')).status).toBe(200);

  await redis.start();
  await eventually(ask, (status) => status === 200);
}, 60_000);

it('opens a board that could not be opened when it was first asked for', async () => {
  const { queues } = house.wiring.admin;
  let isAway = true;
  const board = openBoard({
    queues: { ...queues, get: (name) => (isAway ? Promise.reject(new Error()) : queues.get(name)) },
    path: '/',
    isChangeable: false,
    log: pino({ level: 'silent' }),
  });
  const server = createServer(express().use(board));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const ask = async () => (await fetch(`http://127.0.0.1:${port}/api/queues`)).status;

  expect(await ask()).toBe(500); // Without the app around it, which makes a problem of it.
  isAway = false;
  expect(await ask()).toBe(200);

  server.closeAllConnections();
  server.close();
});
