import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PrometheusPrograms, providePrometheus } from '../../bin/dev/provide-prometheus.ts';
import { ALERTS, alertRules, QUERIES } from '../../bin/metrics-page.ts';
import { openFleetGauges } from '../../dashboard/fleet-gauges.ts';
import { metricsTargets } from '../../dashboard/metrics-targets.ts';
import { METRICS_CONTENT_TYPE } from '../../metrics.ts';
import type { Wiring } from '../../wiring.ts';
import { bearerMatches } from '../../domain/bearer.ts';
import { type FleetProcess, spawnFleet } from '../faults/fleet-process.ts';
import { aMessage, ALL_HOT, eventually, openTestHouse, type TestHouse } from '../house.ts';
import { openPrometheus, type Prometheus, type Series } from './prometheus.ts';

const TOKEN = 'prometheus-and-nobody-else';
const FLEET_PROCESSES = 2;
/** Prometheus takes up to ten seconds to look for targets that its list names. */
const SEEN_MS_MAX = 45_000;

let programs: PrometheusPrograms;
let house: TestHouse;
let http: Awaited<ReturnType<typeof openHttp>>;
let prometheus: Prometheus;
const fleet: FleetProcess[] = [];

beforeAll(async () => {
  const home = join(import.meta.dirname, '../../.camadas');
  programs = await providePrometheus({ home, env: process.env, say: console.log });
  house = await openTestHouse({ METRICS_TOKEN: TOKEN });
  http = await openHttp(house.openNeighbour());
  prometheus = await openPrometheus({
    program: programs.prometheus,
    http: { address: http.address, token: TOKEN },
  });
}, 180_000);

afterAll(async () => {
  await prometheus?.close();
  for (const one of fleet) await one.kill();
  await http?.close();
  await house?.close();
});

/** What the HTTP process shows: its metrics for who has the token, and where the Fleet's are. */
async function openHttp(wiring: Wiring) {
  const { inspector } = wiring.queue;
  openFleetGauges({ inspector, metrics: wiring.metrics });
  const server = createServer((request, response) => {
    const reply = (type: string, body: string) =>
      response.writeHead(200, { 'Content-Type': type }).end(body);
    if (!bearerMatches(request.headers.authorization, TOKEN)) response.writeHead(401).end();
    else if (request.url === '/metrics') {
      void wiring.metrics.show('http').then((shown) => reply(METRICS_CONTENT_TYPE, shown));
    } else {
      void inspector
        .heartbeats()
        .then((beats) => reply('application/json', JSON.stringify(metricsTargets(beats))));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    wiring,
    address: `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Processes of their own, as in production: each with its own port and its own counters. */
async function startFleet(): Promise<void> {
  const { config } = house;
  const env = {
    MYSQL_URL: config.mysqlUrl,
    QUEUE_REDIS_URL: config.queueRedisUrl,
    CACHE_REDIS_URL: config.cacheRedisUrl,
    KEY_PREFIX: config.keyPrefix,
    ...ALL_HOT,
    METRICS_TOKEN: TOKEN,
    LOG_LEVEL: 'silent',
  };
  for (let nth = 0; nth < FLEET_PROCESSES; nth += 1) fleet.push(spawnFleet(env));
  await Promise.all(fleet.map(({ ready }) => ready));
}

const untilSeen = (query: string, isWanted: (series: Series[]) => boolean) =>
  eventually(() => prometheus.query(query), isWanted, SEEN_MS_MAX);
const untilValue = (query: string, isWanted: (value: number) => boolean) =>
  untilSeen(query, ([only, ...others]) => {
    return only !== undefined && others.length === 0 && isWanted(only.value);
  });

async function sendMessages(count: number): Promise<void> {
  const producer = house.openProducer({ messagesPerJobMax: 1 });
  await producer.createMessages(Array.from({ length: count }, () => aMessage()));
}

const STORED = 'sum(camadas_messages_total{outcome="stored"})';
const WAITING = 'camadas_queue_jobs{queue="persist",state="waiting"}';
const OLDEST = 'camadas_queue_oldest_waiting_seconds{queue="persist"}';

describe('a real Prometheus', () => {
  it('sees the queue grow and age while no Fleet runs', async () => {
    await sendMessages(60);

    await untilValue(WAITING, (jobs) => jobs === 60);
    await untilValue(OLDEST, (seconds) => seconds > 0.5);
    await untilValue('camadas_fleet_workers{state="healthy"}', (processes) => processes === 0);
    await untilSeen('ALERTS{alertname="CamadasNoFleet"}', (alerts) => alerts.length === 1);
  }, 60_000);

  it('finds each Fleet process by itself, and sums up what they stored', async () => {
    await startFleet();

    await untilValue('sum(up{job="camadas-fleet"})', (up) => up === FLEET_PROCESSES);
    expect(await prometheus.query('up == 0')).toEqual([]);
    await untilValue(STORED, (stored) => stored === 60);
    await untilValue(WAITING, (jobs) => jobs === 0);
    await untilValue(OLDEST, (seconds) => seconds === 0);
    await untilValue('camadas_fleet_workers{state="healthy"}', (now) => now === FLEET_PROCESSES);
    // Only from one place: as many series as there are queues, however many processes run.
    expect(await prometheus.query(WAITING)).toHaveLength(1);
  }, 90_000);

  it('is asked what operators ask, and knows all of it', async () => {
    const { readRecentBytes, observers } = http.wiring;
    const conversation = { companyId: 'padaria', conversationId: 'pedido-1' };
    async function live(): Promise<void> {
      await sendMessages(20);
      for (let read = 0; read < 3; read += 1) await readRecentBytes(conversation);
      observers.request()({ method: 'GET', route: 'messages', status: 200, ms: 12 });
    }

    for (const { question, query } of QUERIES) {
      const found = await eventually(
        async () => {
          await live();
          return prometheus.query(query);
        },
        (series) => series.length > 0 && series.every(({ value }) => Number.isFinite(value)),
        SEEN_MS_MAX,
      );
      console.log(question, found.map(({ value }) => value.toFixed(3)).join(' '));
    }

    await untilValue(QUERIES[0]?.query ?? '', (perSecond) => perSecond > 0);
    const wait = `histogram_quantile(0.99, sum by (le) (rate(camadas_job_wait_seconds_bucket{queue="persist"}[1m])))`;
    // Most waited for the Fleet to start, none longer than this test runs.
    await untilValue(wait, (seconds) => seconds > 0 && seconds < 120);
    await untilValue(
      `${STORED} - on() sum(camadas_accept_to_store_seconds_count)`,
      (by) => by === 0,
    );
    const p99 = await prometheus.query('nodejs_eventloop_lag_p99_seconds{job="camadas-fleet"}');
    expect(p99).toHaveLength(FLEET_PROCESSES);
  }, 120_000);

  it('can work with every alert rule, and raises what is to be raised', async () => {
    await house.wiring.queue.enqueue('persist', {
      messages: [aMessage({ role: 'wizard' as never })],
    });

    const isFiring = 'ALERTS{alertname="CamadasDeadMessages",alertstate="firing"}';
    await untilSeen(isFiring, (alerts) => alerts.length === 1);
    await untilSeen('ALERTS{alertname="CamadasNoFleet"}', (alerts) => alerts.length === 0);

    const { groups } = (await prometheus.ask('rules')) as { groups: { rules: Rule[] }[] };
    const rules = groups.flatMap((group) => group.rules);
    expect(rules.map(({ name }) => name)).toEqual(alertRules().map(({ alert }) => alert));
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
  }, 60_000);

  it('is told of a process that was killed', async () => {
    await fleet[0]?.kill();

    await untilValue('sum(up{job="camadas-fleet"} == bool 0)', (down) => down === 1);
    await untilSeen('ALERTS{alertname="CamadasProcessDown"}', (alerts) => alerts.length === 1);
    // When it has been silent for long enough it is no longer looked for.
    await untilValue('count(up{job="camadas-fleet"})', (known) => known === FLEET_PROCESSES - 1);
  }, 120_000);
});

interface Rule {
  readonly name: string;
  readonly health: string;
  readonly lastError?: string;
}

describe('promtool', () => {
  it('finds nothing wrong with the alert rules', async () => {
    const { code, said } = await promtool(['check', 'rules', ALERTS]);

    expect(said).toContain(`${alertRules().length} rules found`);
    expect(code).toBe(0);
  });

  it.each(['fleet', 'http'] as const)('finds nothing wrong with what %s shows', async (kind) => {
    const shown = await http.wiring.metrics.show(kind);
    const ours = shown.split('\n').filter((line) => /^(# \w+ )?camadas_/.test(line));

    const { code, said } = await promtool(['check', 'metrics'], `${ours.join('\n')}\n`);

    expect(ours.length).toBeGreaterThan(20);
    expect([code, said]).toEqual([0, '']);
  });

  it('can read all of it, with what prom-client adds', async () => {
    const { said } = await promtool(['check', 'metrics'], await http.wiring.metrics.show('fleet'));

    // What it has to say of them is a matter of names, which are not ours.
    expect(said).not.toMatch(/error|parsing/i);
    expect(said).not.toContain('camadas_');
  });
});

async function promtool(args: readonly string[], input = '') {
  const child = spawn(programs.promtool, args);
  child.stdin.end(input);
  const [out, wrong, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number]>,
  ]);
  return { code, said: `${out}${wrong}` };
}
