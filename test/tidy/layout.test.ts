import { describe, expect, it } from 'vitest';

import { barrels, emptyNames, incompleteQueues, vagueMetrics } from './layout.ts';
import { faultLines, houseOf } from './source.ts';
import type { Rule } from './source.ts';

const faults = (rule: Rule, texts: Readonly<Record<string, string>>) =>
  faultLines(rule, houseOf(texts));

describe('emptyNames', () => {
  it.each(['db/util.ts', 'db/Helpers/time.ts', 'queues/queue-manager.ts', 'db/hot.types.ts'])(
    'finds %s',
    (path) => expect(faults(emptyNames, { [path]: '' })).toHaveLength(1),
  );

  it.each(['bin/commands/services.ts', 'domain/utility.ts', 'deploy/camadas.service'])(
    'allows %s',
    (path) => expect(faults(emptyNames, { [path]: '' })).toEqual([]),
  );
});

describe('barrels', () => {
  it('finds an index', () => {
    expect(faults(barrels, { 'db/index.ts': '' })).toHaveLength(1);
  });

  it('allows the two lists', () => {
    expect(faults(barrels, { 'queues/index.ts': '', 'workers/index.ts': '' })).toEqual([]);
  });
});

describe('incompleteQueues', () => {
  const contract = { 'queues/persist.ts': `\nexport const persist = defineQueue({});` };

  it('finds a queue without processor and without test', () => {
    const found = faults(incompleteQueues, { ...contract, 'test/workers/aggregate.test.ts': '' });
    expect(found).toHaveLength(2);
    expect(found[0]).toBe('queues/persist.ts:2 queue "persist" lacks workers/persist.ts');
  });

  it.each(['test/workers/persist.integration.test.ts', 'test/workers/persist/crash.test.ts'])(
    'allows a queue with its processor and %s',
    (test) => {
      const house = { ...contract, 'workers/persist.ts': '', [test]: '' };
      expect(faults(incompleteQueues, house)).toEqual([]);
    },
  );

  it('allows a file of queues that defines none', () => {
    const define = 'export function defineQueue(queue: object) { return queue; }';
    expect(faults(incompleteQueues, { 'queues/contract.ts': define })).toEqual([]);
  });
});

describe('vagueMetrics', () => {
  it.each([
    [`'chat_job_time'`, 'ends in no unit'],
    [`'chat_wait_seconds'`, 'is not described'],
    ['`${prefix}_seconds`', 'must be a plain string'],
  ])('finds %s, which %s', (name, reason) => {
    expect(faults(vagueMetrics, houseWithMetric(name))).toEqual([
      expect.stringMatching(`^metrics.ts:2 .*${reason}`),
    ]);
  });

  it('allows a metric with its unit and its line in the docs', () => {
    expect(faults(vagueMetrics, houseWithMetric(`'chat_job_seconds'`))).toEqual([]);
  });
});

function houseWithMetric(name: string): Record<string, string> {
  return {
    'metrics.ts': `const a = new Histogram({\n  name: ${name},\n});`,
    'docs/metrics.md': 'Watch `chat_job_seconds` and `chat_job_time`.',
  };
}
