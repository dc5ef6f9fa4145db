import { describe, expect, it } from 'vitest';
import { alertRules, metricsPage, QUERIES } from '../../bin/metrics-page.ts';
import { METRICS } from '../../metrics.ts';

describe('docs/metrics.md', () => {
  it('has every metric once in its tables', () => {
    const rows = metricsPage().match(/^\| `camadas_\w+`/gm) ?? [];
    expect(rows.toSorted()).toEqual(
      Object.values(METRICS)
        .map(({ name }) => `| \`${name}\``)
        .toSorted(),
    );
  });

  it('asks and alerts of metrics that exist', () => {
    const names = Object.values(METRICS).map(({ name }): string => name);
    const asked = [
      ...QUERIES.map(({ query }) => query),
      ...alertRules().map((one) => one.expression),
    ];
    const mentioned = asked.flatMap((query) => query.match(/camadas_\w+/g) ?? []);

    const known = (name: string) => names.includes(name.replace(/_(bucket|count|sum)$/, ''));
    expect(mentioned.length).toBeGreaterThan(20);
    expect(mentioned.filter((name) => !known(name) && !names.includes(name))).toEqual([]);
  });
});
