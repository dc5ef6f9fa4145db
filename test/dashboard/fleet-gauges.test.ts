import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openFleetGauges } from '../../dashboard/fleet-gauges.ts';
import { createMetrics } from '../../metrics.ts';
import { openAskingConnection, openWorkingConnection } from '../../queues/connection.ts';
import { openInspector } from '../../queues/inspect.ts';
import { eventually } from '../house.ts';
import { samplesOf, valueOf } from '../metrics/exposition.ts';
import { openPrivateRedis, type PrivateRedis } from '../queues/private-redis.ts';
import { QUEUE_NAMES, type QueueName } from '../../queues/index.ts';

let redis: PrivateRedis;
const closing: (() => unknown)[] = [];
beforeAll(async () => void (redis = await openPrivateRedis()), 60_000);
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});
afterAll(() => redis?.close());

/** An HTTP process's view of an installation of its own. */
function openWindow(prefix: string) {
  const asking = openAskingConnection(redis.url);
  const inspector = openInspector(asking, prefix);
  const metrics = createMetrics({ version: '1.2.3' });
  openFleetGauges({ inspector, metrics });
  closing.push(() => asking.disconnect(), inspector.close);
  return { inspector, show: () => metrics.show('http') };
}

function openQueue(prefix: string): Queue {
  const connection = openWorkingConnection(redis.url);
  const queue = new Queue('persist', { connection, prefix });
  queue.on('error', () => {});
  closing.push(
    () => connection.disconnect(),
    () => queue.close(),
  );
  return queue;
}

const waiting = { queue: 'persist', state: 'waiting' };
const MINUTE_AGO = () => Date.now() - 60_000;

describe('the age of the oldest waiting job', () => {
  it('is that of the job which is next in line, and 0 where none waits', async () => {
    const { inspector } = openWindow('{line}');
    const queue = openQueue('{line}');
    expect(await inspector.view('persist')).toMatchObject({ oldestWaitingMs: 0 });

    await queue.add('persist', {}, { timestamp: MINUTE_AGO() });
    await queue.add('persist', {});
    const { counts, oldestWaitingMs } = await inspector.view('persist');

    expect(counts.waiting).toBe(2);
    expect(oldestWaitingMs).toBeGreaterThanOrEqual(60_000);
    expect(oldestWaitingMs).toBeLessThan(70_000);
  });

  it('knows jobs with a priority, and those of a paused queue, and not those for later', async () => {
    const { inspector } = openWindow('{kinds}');
    const queue = openQueue('{kinds}');
    const ageMs = async () => (await inspector.view('persist')).oldestWaitingMs;

    await queue.add('persist', {}, { timestamp: MINUTE_AGO(), delay: 600_000 });
    expect(await ageMs()).toBe(0);
    await queue.add('persist', {}, { timestamp: MINUTE_AGO(), priority: 3 });
    expect(await ageMs()).toBeGreaterThanOrEqual(60_000);

    await queue.add('persist', {}, { timestamp: MINUTE_AGO() - 60_000 });
    await queue.pause();
    expect(await ageMs()).toBeGreaterThanOrEqual(120_000);
  });

  it('is never below 0, whatever the clock of the producer says', async () => {
    const { inspector } = openWindow('{clock}');
    await openQueue('{clock}').add('persist', {}, { timestamp: Date.now() + 5_000 });

    expect((await inspector.view('persist')).oldestWaitingMs).toBe(0);
  });

  it('costs the same however many wait and however large they are', async () => {
    const { inspector } = openWindow('{long}');
    const queue = openQueue('{long}');
    const data = { text: 'x'.repeat(1_000_000) };
    await queue.add('persist', data);
    await queue.addBulk(Array.from({ length: 5_000 }, () => ({ name: 'persist', data: {} })));
    await inspector.view('persist');

    const watcher = new Redis(redis.url);
    closing.push(() => watcher.disconnect());
    const sentBefore = await bytesSent(watcher);
    const microseconds = await microsecondsPerScript(watcher);
    await inspector.view('persist');

    expect((await bytesSent(watcher)) - sentBefore).toBeLessThan(20_000);
    expect(microseconds).toBeLessThan(5_000);
  });
});

/** What Redis has sent so far. The question itself costs a few kilobytes. */
async function bytesSent(watcher: Redis): Promise<number> {
  return Number(/total_net_output_bytes:(\d+)/.exec(await watcher.info('stats'))?.[1]);
}

async function microsecondsPerScript(watcher: Redis): Promise<number> {
  const stats = await watcher.info('commandstats');
  return Number(/cmdstat_eval:.*usec_per_call=([\d.]+)/.exec(stats)?.[1]);
}

describe('the gauges of the installation', () => {
  it('show queues and Fleet as they are at the scrape', async () => {
    const { inspector, show } = openWindow('{gauges}');
    const process = { host: 'a', pid: 1, startedAt: 0, jobsDone: 0 };
    await eventually(
      async () => inspector.heartbeats().catch(() => null),
      (beats) => beats !== null,
    );
    await inspector.publishHeartbeat({ ...process, isHealthy: true, reason: '' });
    await inspector.publishHeartbeat({ ...process, pid: 2, isHealthy: false, reason: 'stuck' });
    await openQueue('{gauges}').add('persist', {}, { timestamp: MINUTE_AGO() });

    const text = await show();

    expect(valueOf(text, 'camadas_queue_redis_up')).toBe(1);
    expect(valueOf(text, 'camadas_queue_jobs', waiting)).toBe(1);
    expect(valueOf(text, 'camadas_queue_jobs', { ...waiting, state: 'dead' })).toBe(0);
    const age = valueOf(text, 'camadas_queue_oldest_waiting_seconds', { queue: 'persist' });
    expect(age).toBeGreaterThanOrEqual(60);
    expect(age).toBeLessThan(70);
    expect(valueOf(text, 'camadas_fleet_workers', { state: 'healthy' })).toBe(1);
    expect(valueOf(text, 'camadas_fleet_workers', { state: 'unhealthy' })).toBe(1);
  });

  it('ask Redis once for many scrapes of one second', async () => {
    const { inspector } = openWindow('{once}');
    let looks = 0;
    const counting = {
      heartbeats: inspector.heartbeats,
      view: (name: QueueName) => {
        looks += 1;
        return inspector.view(name);
      },
    };
    const metrics = createMetrics({ version: '1' });
    openFleetGauges({ inspector: counting, metrics });

    await Promise.all([metrics.show('http'), metrics.show('http')]);
    await metrics.show('http');

    expect(looks).toBe(QUEUE_NAMES.length); // Once for each queue.
  });

  // Red without the deadline: the scrape takes as long as the command may, five seconds.
  it('are absent while Redis hangs, which neither slows nor fails the scrape', async () => {
    const { show } = openWindow('{away}');
    await eventually(show, (text) => valueOf(text, 'camadas_queue_redis_up') === 1);

    await redis.freeze();
    try {
      let longestMs = 0;
      const timedShow = async () => {
        const startedAt = performance.now();
        const shown = await show();
        longestMs = Math.max(longestMs, performance.now() - startedAt);
        return shown;
      };
      const text = await eventually(
        timedShow,
        (now) => valueOf(now, 'camadas_queue_redis_up') === 0,
      );
      expect(longestMs).toBeLessThan(3_000);

      const names = new Set(samplesOf(text).map(({ name }) => name));
      expect(names).not.toContain('camadas_queue_jobs');
      expect(names).not.toContain('camadas_queue_oldest_waiting_seconds');
      expect(names).not.toContain('camadas_fleet_workers');
      expect(names).toContain('camadas_build_info');
    } finally {
      await redis.thaw();
    }

    const text = await eventually(show, (now) => valueOf(now, 'camadas_queue_redis_up') === 1);
    expect(valueOf(text, 'camadas_queue_jobs', waiting)).toBe(0);
  });
});
