import { Queue } from 'bullmq';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFleetGauges } from '../../dashboard/fleet-gauges.ts';
import { openScheduleGauges } from '../../dashboard/schedule-gauges.ts';
import { CACHE_LEVELS, type Definition, METRICS, type ProcessKind } from '../../metrics.ts';
import { openWorkingConnection } from '../../queues/connection.ts';
import { QUEUE_NAMES, queuePrefixOf } from '../../queues/index.ts';
import { SCHEDULE } from '../../queues/schedule.ts';
import { aMessage, eventually, openTestHouse, type TestHouse } from '../house.ts';
import { type Sample, samplesOf, scrapeFleet, valueOf } from './exposition.ts';

let house: TestHouse;
beforeAll(async () => void (house = await openTestHouse()));
afterAll(() => house?.close());

/** Words that are in ids and texts of this run and nowhere else. */
const company = 'empresa-secreta';
const conversation = 'conversa-secreta';
const secret = { companyId: company, clientId: 'cliente-secreto', conversationId: conversation };
const SECRETS = /secret|segredo/i;

/** Who gave the page, each time it was read. */
const readFrom: string[] = [];

/** All that can be counted happens at least once. */
async function liveThrough() {
  await house.runFleet();
  const { wiring } = house;
  const { inspector } = wiring.queue;
  openFleetGauges({ inspector, metrics: wiring.metrics });
  const { read, entries, ask } = wiring.schedule;
  openScheduleGauges({ read, names: Object.keys(entries), metrics: wiring.metrics });
  await ask({ name: 'clean-cache', dueAt: Date.now() + 1_000 });

  const message = aMessage({ ...secret, content: 'um segredo' });
  const producer = house.openProducer();
  await producer.createMessages([message, aMessage(secret), aMessage(secret)]);
  await eventually(
    async () => (await wiring.findMessages({ ...secret, limit: 9 })).messages.length,
    (stored) => stored === 3,
  );
  await producer.createMessage(message);
  await eventually(
    async () => {
      const { from } = await wiring.readRecentBytes(secret);
      readFrom.push(from);
      return from;
    },
    (from) => from === 'l1',
  );
  await wiring.getActiveConversations(company);
  await producer.createMessage(aMessage(secret)); // Of a page that was read: the Fleet warms it.
  await eventually(
    () => scrapeFleet(house),
    (text) => valueOf(text, 'camadas_page_seconds_count') === 1,
  );
  const { companyId, conversationId } = secret;
  await wiring.queue.enqueue('summarize', { companyId, conversationId });
  await eventually(
    () => scrapeFleet(house),
    (text) => valueOf(text, 'camadas_summaries_total') === 1,
  );
  await sendWrongJob();
  await eventually(
    () => inspector.counts('persist'),
    ({ dead, waiting, active }) => dead === 1 && waiting + active === 0,
  );

  await eventually(read, (records) => records.some(({ lastDoneAt }) => lastDoneAt !== null));

  const { observers } = wiring;
  observers.accepted(3);
  observers.refused('MESSAGE_INVALID', 1);
  observers.refused('segredo', 1);
  observers.request()({ method: 'GET', route: 'messages', status: 200, ms: 3 });
  observers.request()({ method: 'SEGREDO', route: 'messages', status: 405, ms: 3 });
  for (let nth = 0; nth < 1_000; nth += 1) {
    observers.request()({ method: 'GET', route: `/many/${nth}`, status: 404, ms: 1 });
  }
}

/** A client in another language that checks nothing. */
async function sendWrongJob(): Promise<void> {
  const connection = openWorkingConnection(house.config.queueRedisUrl);
  const queue = new Queue('persist', { connection, prefix: queuePrefixOf(house.config.keyPrefix) });
  await queue.add('segredo', { messages: [{ ...aMessage(secret), role: 'segredo' }] });
  await queue.close();
  connection.disconnect();
}

describe('after all kinds of things happened', () => {
  let fleet: string;
  let http: string;
  beforeAll(async () => {
    await liveThrough();
    fleet = await scrapeFleet(house);
    http = await house.wiring.metrics.show('http');
  });

  it('what happened is counted, each in its place', () => {
    expect(valueOf(fleet, 'camadas_messages_total', { outcome: 'stored' })).toBe(4);
    expect(valueOf(fleet, 'camadas_messages_total', { outcome: 'duplicate' })).toBe(1);
    expect(valueOf(fleet, 'camadas_messages_total', { outcome: 'refused' })).toBe(1);
    const jobs = { queue: 'persist', outcome: 'done' };
    const done = valueOf(fleet, 'camadas_jobs_total', jobs) ?? 0;
    expect(done).toBeGreaterThanOrEqual(3);
    expect(valueOf(fleet, 'camadas_jobs_total', { ...jobs, outcome: 'dead' })).toBe(1);
    expect(valueOf(fleet, 'camadas_job_run_seconds_count', jobs)).toBe(done);
    expect(valueOf(fleet, 'camadas_job_wait_seconds_count', { queue: 'persist' })).toBe(done + 1);
    expect(valueOf(fleet, 'camadas_accept_to_store_seconds_count')).toBe(done);
    expect(valueOf(fleet, 'camadas_commit_messages_sum')).toBe(5);
    expect(valueOf(fleet, 'camadas_persist_job_messages_sum')).toBe(5);
    expect(valueOf(fleet, 'camadas_summaries_total', { model: 'built-in' })).toBe(1);
    const input = { model: 'built-in', direction: 'input' };
    expect(valueOf(fleet, 'camadas_llm_tokens_total', input)).toBe(0);

    const page = (level: string) =>
      valueOf(http, 'camadas_cache_reads_total', { entry: 'page', level });
    for (const level of CACHE_LEVELS) {
      expect(page(level), level).toBe(readFrom.filter((from) => from === level).length);
    }
    expect(valueOf(http, 'camadas_cache_reads_total', { entry: 'active', level: 'load' })).toBe(1);
    expect(valueOf(http, 'camadas_page_seconds_count', { tier: 'l1' })).toBe(1);
    expect(valueOf(http, 'camadas_page_seconds_count', { tier: 'hot' })).toBeGreaterThan(1);
    expect(valueOf(http, 'camadas_messages_accepted_total')).toBe(3);
    expect(valueOf(http, 'camadas_messages_refused_total', { code: 'other' })).toBe(1);
    expect(valueOf(http, 'camadas_http_in_flight_requests')).toBe(0);
    expect(valueOf(http, 'camadas_queue_jobs', { queue: 'persist', state: 'dead' })).toBe(1);
    expect(valueOf(http, 'camadas_fleet_workers', { state: 'healthy' })).toBe(1);
  });

  it('no label has a value that was not known before', () => {
    const strange = [...samplesOf(fleet), ...samplesOf(http)].filter((one) => !isDeclared(one));
    expect(strange).toEqual([]);
  });

  it('no id, no text and no key is shown', () => {
    for (const text of [fleet, http]) {
      expect(text).not.toMatch(SECRETS);
      expect(text).not.toContain(house.config.keyPrefix);
      expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/);
    }
  });

  it('each metric is shown by the processes it is said to be shown by, and none is unused', () => {
    expect(oursIn(fleet)).toEqual(saidOf('fleet'));
    expect(oursIn(http)).toEqual(saidOf('http'));
    for (const text of [fleet, http]) {
      expect(valueOf(text, 'nodejs_eventloop_lag_p99_seconds')).toBeDefined();
    }
  });

  it('a thousand routes that nobody declared are some at most, and the others one', () => {
    const routes = samplesOf(http)
      .filter(({ name }) => name === 'camadas_http_request_seconds_count')
      .map(({ labels }) => labels['route']);
    expect(new Set(routes).size).toBeLessThanOrEqual(32);
    expect(routes).toContain('other');
  });
});

const definitions: readonly Definition[] = Object.values(METRICS);

function family(name: string): string {
  const base = name.replace(/_(bucket|sum|count)$/, '');
  return definitions.some((one) => one.name === base) ? base : name;
}

/** Of ours: what METRICS says. Of the process: what prom-client calls them. */
function isDeclared({ name, labels }: Sample): boolean {
  const definition = definitions.find((one) => one.name === family(name));
  if (!definition) return !name.startsWith('camadas_') && isOfTheProcess(labels);
  return Object.entries(labels).every(([label, value]) => {
    const values = definition.labels?.[label];
    if (label === 'le') return value === '+Inf' || Number.isFinite(Number(value));
    return typeof values === 'string' ? KINDS[values]?.(value) : values?.includes(value);
  });
}

const KINDS: Readonly<Record<string, (value: string) => boolean>> = {
  'each queue': (value) => QUEUE_NAMES.includes(value as never),
  'each entry': (value) => value in SCHEDULE,
  'each route': (value) => /^(messages|other|\/many\/\d+)$/.test(value),
  'HTTP status': (value) => /^[1-5]\d\d$/.test(value),
  'the configured one': (value) => value === 'built-in',
  one: (value) => /^v?\d+\.\d+\.\d+$/.test(value),
};

const isOfTheProcess = (labels: Sample['labels']) =>
  Object.values(labels).every((value) => /^[\w+. /-]{1,40}$/.test(value));

const saidOf = (kind: ProcessKind) =>
  definitions
    .filter((one) => one.shownBy.includes(kind))
    .map(({ name }) => name)
    .toSorted();

function oursIn(text: string): string[] {
  const names = new Set(samplesOf(text).map(({ name }) => family(name)));
  return [...names].filter((name) => name.startsWith('camadas_')).toSorted();
}
