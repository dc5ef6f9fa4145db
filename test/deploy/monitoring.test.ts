import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { readServices, SECRETS_OF_TESTS } from './compose-file.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const Panel = z.object({
  title: z.string(),
  type: z.string(),
  gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
  targets: z.array(z.object({ expr: z.string() })).default([]),
});
const { panels } = z
  .object({ panels: z.array(Panel) })
  .parse(JSON.parse(read('deploy/grafana/dashboards/camadas.json')));
const charts = panels.filter(({ type }) => type !== 'row');

const Scrape = z.object({
  job_name: z.string(),
  authorization: z.object({ credentials_file: z.string() }).optional(),
  static_configs: z.array(z.object({ targets: z.array(z.string()) })).default([]),
  http_sd_configs: z.array(z.object({ url: z.string() })).default([]),
});
const prometheus = z
  .object({ rule_files: z.array(z.string()), scrape_configs: z.array(Scrape) })
  .parse(parse(read('deploy/prometheus/prometheus.yml')));
const ofOurs = prometheus.scrape_configs.filter(({ job_name: job }) => job.startsWith('camadas-'));

const shown = new Registry();
collectDefaultMetrics({ register: shown });
const known = new Set([
  ...shown.getMetricsAsArray().map(({ name }) => name),
  ...(read('metrics.ts').match(/\bcamadas_\w+/g) ?? []),
]);

/** Names of metrics, without what a histogram adds to its own. */
function metricsIn(text: string): string[] {
  const names = text.match(/\b(?:camadas|process|nodejs)_\w+/g) ?? [];
  return names.map((name) => (known.has(name) ? name : name.replace(/_(bucket|count|sum)$/, '')));
}

describe('the dashboard of Grafana', () => {
  it.each(charts)('shows in "$title" only metrics that there are', ({ targets }) => {
    const named = targets.flatMap(({ expr }) => metricsIn(expr));
    expect(named).not.toEqual([]);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  it('has no two panels in one place', () => {
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, nth) => `${x + (nth % w)},${y + Math.floor(nth / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });

  it('tells our processes by the jobs that Prometheus has', () => {
    expect(ofOurs.map(({ job_name: job }) => job)).toEqual(['camadas-http', 'camadas-fleet']);
  });
});

describe('Prometheus', () => {
  const { prometheus: container, dashboard } = readServices(SECRETS_OF_TESTS);

  it('is told of alerts, which name only metrics that there are', () => {
    for (const file of prometheus.rule_files) {
      const named = metricsIn(read(`deploy/prometheus/${file}`));
      expect(named).not.toEqual([]);
      expect(named.filter((name) => !known.has(name))).toEqual([]);
    }
  });

  it('finds both kinds of process where the dashboard is', () => {
    const host = `dashboard:${dashboard?.environment['HTTP_PORT']}`;
    const [http, fleet] = ofOurs;
    expect(http?.static_configs).toEqual([{ targets: [host] }]);
    expect(fleet?.http_sd_configs[0]?.url).toBe(`http://${host}/metrics/targets`);
  });

  it('has the token in the file it reads', () => {
    expect(container?.secrets).toMatchObject([{ target: 'metrics-token', uid: '65534' }]);
    for (const { authorization } of ofOurs) {
      expect(authorization?.credentials_file).toBe('/run/secrets/metrics-token');
    }
  });
});
