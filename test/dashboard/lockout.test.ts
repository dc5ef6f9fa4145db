import { afterEach, beforeEach, expect, it } from 'vitest';
import type { LockoutOptions } from '../../dashboard/lockout.ts';
import { openTestHouse, type TestHouse } from '../house.ts';
import { openAppWith, openVisitor, PASSWORD } from './visitor.ts';

let house: TestHouse;
const apps: { close(): Promise<void> }[] = [];

beforeEach(async () => void (house = await openTestHouse()));
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
  await house.close();
});

async function open(lockout: Partial<LockoutOptions> = {}) {
  const app = await openAppWith(house, { lockout });
  apps.push(app);
  return (address: string) => openVisitor(app.url, { 'x-forwarded-for': address });
}

async function failAll(visitor: ReturnType<typeof openVisitor>, times: number) {
  const statuses: number[] = [];
  for (let nth = 0; nth < times; nth += 1) statuses.push((await visitor.logIn('wrong')).status);
  return statuses;
}

it('refuses an address after five failures, says when to come back, and lets it in then', async () => {
  const from = await open({ windowSeconds: 2 });
  const visitor = from('203.0.113.7');

  expect(await failAll(visitor, 6)).toEqual([401, 401, 401, 401, 401, 429]);
  const refused = await visitor.logIn();
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(2);
  expect(await refused.text()).toContain('try again in a minute');
  expect(refused.headers.getSetCookie()).toEqual([]);
  expect((await from('203.0.113.8').logIn()).status).toBe(303);

  await expect.poll(async () => (await visitor.logIn()).status, { timeout: 10_000 }).toBe(303);
});

it('lasts a quarter of an hour', async () => {
  const visitor = (await open())('203.0.113.7');
  await failAll(visitor, 5);
  const refused = await visitor.logIn();
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(14 * 60);
  expect(await refused.text()).toContain('try again in 15 minutes');
});

it('counts for all processes together', async () => {
  const [here, there] = [await open(), await open()];
  expect(await failAll(here('203.0.113.7'), 3)).toEqual([401, 401, 401]);
  expect(await failAll(there('203.0.113.7'), 3)).toEqual([401, 401, 429]);
});

it('lets no more through when all come at once', async () => {
  const from = await open();
  const tries = Array.from({ length: 40 }, () => from('203.0.113.7').logIn('wrong'));
  const statuses = (await Promise.all(tries)).map(({ status }) => status);
  expect(statuses.filter((status) => status === 401)).toHaveLength(5);
  expect(statuses.filter((status) => status === 429)).toHaveLength(35);
});

it('begins anew after a success', async () => {
  const visitor = (await open())('203.0.113.7');
  await failAll(visitor, 4);
  expect((await visitor.logIn()).status).toBe(303);
  expect(await failAll(visitor, 6)).toEqual([401, 401, 401, 401, 401, 429]);
});

it.each([
  ['the same /64', '2001:db8:1:2::1', '2001:0DB8:0001:0002:ffff::9', 429],
  ['another /64', '2001:db8:1:2::1', '2001:db8:1:3::1', 303],
  ['IPv4 as IPv6 writes it', '203.0.113.7', '::ffff:203.0.113.7', 429],
  ['neighbours of IPv4', '::ffff:203.0.113.7', '::ffff:203.0.113.8', 303],
])('takes %s', async (_name, first, second, status) => {
  const from = await open();
  await failAll(from(first), 5);
  expect((await from(second).logIn()).status).toBe(status);
});

it('believes no address that a caller without a trusted proxy gives', async () => {
  const app = await openAppWith(house, { trustedProxies: 0 });
  apps.push(app);
  const statuses: number[] = [];
  for (let nth = 0; nth < 6; nth += 1) {
    const visitor = openVisitor(app.url, { 'x-forwarded-for': `203.0.113.${nth}` });
    statuses.push((await visitor.logIn('wrong')).status);
  }
  expect(statuses.at(-1)).toBe(429);
});

it('bounds all strangers together, but never whom it knows, nor this machine', async () => {
  const from = await open({ strangersTriesMax: 3 });
  expect((await from('198.51.100.1').logIn()).status).toBe(303);

  const statuses: number[] = [];
  for (let nth = 0; nth < 5; nth += 1) {
    statuses.push((await from(`203.0.113.${nth}`).logIn('wrong')).status);
  }
  expect(statuses).toEqual([401, 401, 401, 429, 429]);
  expect((await from('203.0.113.99').logIn(PASSWORD)).status).toBe(429);

  expect((await from('198.51.100.1').logIn()).status).toBe(303);
  expect((await from('127.0.0.1').logIn()).status).toBe(303);
  expect(await failAll(from('198.51.100.1'), 6)).toEqual([401, 401, 401, 401, 401, 429]);
  expect(await failAll(from('127.0.0.1'), 6)).toEqual([401, 401, 401, 401, 401, 429]);
});
