import { describe, expect, it } from 'vitest';
import { metricsAddress, metricsTargets } from '../../dashboard/metrics-targets.ts';
import type { Heartbeat } from '../../queues/inspect.ts';
import { reachableHost } from '../../workers/metrics-address.ts';

const aHeartbeat = (given: Partial<Heartbeat> = {}): Heartbeat => ({
  host: 'worker-7',
  pid: 12,
  startedAt: 0,
  isHealthy: true,
  reason: '',
  jobsDone: 0,
  ...given,
});

describe('metricsTargets', () => {
  it('lists each process that shows metrics, as Prometheus reads it, in a steady order', () => {
    const beats = [
      aHeartbeat({ metricsHost: 'worker-9', metricsPort: 9_400 }),
      aHeartbeat({ metricsHost: '127.0.0.1', metricsPort: 31_000 }),
      aHeartbeat(), // From before there were metrics.
      aHeartbeat({ metricsPort: 9_400 }),
      aHeartbeat({ metricsHost: 'fd00::7', metricsPort: 9_400 }),
    ];

    expect(metricsTargets(beats)).toEqual([
      {
        targets: ['127.0.0.1:31000', '[fd00::7]:9400', 'worker-7:9400', 'worker-9:9400'],
        labels: { job: 'camadas-fleet' },
      },
    ]);
  });

  it('is a list without targets where nothing runs: Prometheus then forgets the old ones', () => {
    expect(metricsTargets([])).toEqual([{ targets: [], labels: { job: 'camadas-fleet' } }]);
    expect(metricsAddress(aHeartbeat())).toBeNull();
  });
});

describe('the host that others reach', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['localhost', '127.0.0.1'],
    ['10.1.2.3', '10.1.2.3'],
  ])('of %s is %s', (host, reachable) => {
    expect(reachableHost(host)).toBe(reachable);
  });

  it.each(['0.0.0.0', '::'])(
    'of %s is the name of the machine, as it means all of them',
    (host) => {
      expect(reachableHost(host)).not.toBe(host);
      expect(reachableHost(host)).not.toBe('127.0.0.1');
    },
  );
});
