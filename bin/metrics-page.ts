import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Definition, METRICS } from '../metrics.ts';
import { QUEUE_NAMES } from '../queues/index.ts';

const ROOT = join(import.meta.dirname, '..');
export const ALERTS = join(ROOT, 'deploy', 'prometheus', 'alerts.yml');

/** What operators ask first. Each is asked of a real Prometheus by the tests. */
export const QUERIES: readonly { readonly question: string; readonly query: string }[] = [
  {
    question: 'How many messages are stored per second?',
    query: 'sum(rate(camadas_messages_total{outcome="stored"}[1m]))',
  },
  {
    question: 'How long does a job wait, at worst but one in a hundred?',
    query:
      'histogram_quantile(0.99, sum by (le, queue) (rate(camadas_job_wait_seconds_bucket[5m])))',
  },
  {
    question: 'How long until an accepted message is stored?',
    query:
      'histogram_quantile(0.99, sum by (le) (rate(camadas_accept_to_store_seconds_bucket[5m])))',
  },
  {
    question: 'In how many seconds will the queue be empty, if nothing more comes?',
    query:
      'max(camadas_queue_jobs{queue="persist",state="waiting"}) / sum(rate(camadas_jobs_total{queue="persist",outcome="done"}[1m]))',
  },
  {
    question: 'Which share of the reads does the cache answer?',
    query:
      'sum(rate(camadas_cache_reads_total{level!="load"}[5m])) / sum(rate(camadas_cache_reads_total[5m]))',
  },
  {
    question: 'How many requests per second does each route get, and with what status?',
    query: 'sum by (method, route, status) (rate(camadas_http_request_seconds_count[1m]))',
  },
];

/** Of those that prom-client brings along; they are not ours, so neither are their names. */
const OF_THE_PROCESS = [
  ['nodejs_eventloop_lag_p99_seconds', 'how late the event loop is', 'above 0.1 s: overloaded'],
  ['process_resident_memory_bytes', 'memory', 'a fleet process: 150 MiB, and it must not climb'],
  ['nodejs_heap_size_used_bytes', 'memory of JavaScript values', 'it must fall back now and then'],
  ['nodejs_gc_duration_seconds', 'garbage collection, by kind', '`major` that takes above 0.1 s'],
  ['process_cpu_seconds_total', 'processor time', 'a rate near 1: this process can do no more'],
  ['process_open_fds', 'open files and sockets', 'near `process_max_fds`'],
] as const;

/** The text of `docs/metrics.md`. */
export function metricsPage(): string {
  const metrics: readonly Definition[] = Object.values(METRICS);
  const shownBy = (...kinds: string[]) =>
    table(
      ['metric', 'kind', 'labels', 'tells', 'watch'],
      metrics.filter((one) => one.shownBy.join() === kinds.join() && !isOfAll(one)).map(rowOf),
    );
  return `# Metrics

This page is written from \`metrics.ts\` by \`./scripts.sh docs\`; a test holds both together.

Each fleet process shows its own at \`http://METRICS_HOST:METRICS_PORT/metrics\`, on a free port unless
\`METRICS_PORT\` names one; \`./scripts.sh status\` prints the URLs, and \`/healthz\` beside it answers 200,
or 503 with the reason. The HTTP process shows its own at \`/metrics\`, and at \`/metrics/targets\` the addresses
of all fleet processes that live, as Prometheus's \`http_sd_configs\` reads them. Where \`METRICS_TOKEN\` is
set, Prometheus must send it as bearer token: state it under \`authorization\`, with \`type: Bearer\`, of each
scrape, and once more of \`http_sd_configs\`. The scrape jobs are called \`camadas-fleet\` and \`camadas-http\`.

Values of labels are few and known before: never an id, a key or a text. The queues are
${QUEUE_NAMES.map((name) => `\`${name}\``).join(', ')}.

## Every process

Each for itself: add them up.

${shownBy('fleet', 'http')}

Of the process itself, as prom-client calls it, among others:

${table(
  ['metric', 'tells', 'watch'],
  OF_THE_PROCESS.map(([name, ...rest]) => [`\`${name}\``, ...rest]),
)}

## Fleet processes

Each for itself: add them up.

${shownBy('fleet')}

## HTTP processes

Each for itself: add them up.

${shownBy('http')}

## The installation

Read from the queue's Redis, and for the schedule from MySQL, by each HTTP process at each scrape, so they are
the same from all of them: take \`max\`, never \`sum\`. While that server is away they are absent.

${table(['metric', 'kind', 'labels', 'tells', 'watch'], metrics.filter(isOfAll).map(rowOf))}

## Questions

${QUERIES.map(({ question, query }) => `${question}\n\n\`\`\`promql\n${query}\n\`\`\``).join('\n\n')}

## Alerts

[\`deploy/prometheus/alerts.yml\`](../deploy/prometheus/alerts.yml) has these rules.

${table(
  ['alert', 'after', 'severity', 'means, and what to do'],
  alertRules().map(({ alert, after, severity, summary }) => [alert, after, severity, summary]),
)}
`;
}

/** The rules of `alerts.yml`, whose form is ours: one line for each field. */
export function alertRules() {
  const rules = readFileSync(ALERTS, 'utf8')
    .split(/^ {6}- (?=alert:)/m)
    .slice(1);
  return rules.map((rule) => {
    const field = (name: string) => new RegExp(`\\b${name}: ([^}\\n]+)`).exec(rule)?.[1]?.trim();
    return {
      alert: field('alert') ?? '',
      expression: field('expr') ?? '',
      after: field('for') ?? 'at once',
      severity: field('severity') ?? '',
      summary: field('summary') ?? '',
    };
  });
}

const OF_ALL = [
  METRICS.queueJobs,
  METRICS.queueOldestWaiting,
  METRICS.fleetWorkers,
  METRICS.scheduleLastDone,
  METRICS.queueRedisUp,
].map(({ name }): string => name);

const isOfAll = ({ name }: Definition) => OF_ALL.includes(name);

function rowOf({ name, kind, labels = {}, help, watch }: Definition): string[] {
  const told = Object.entries(labels).map(([label, values]) => {
    const list = typeof values === 'string' ? values : values.map((one) => `\`${one}\``).join(' ');
    return `\`${label}\`: ${list}`;
  });
  return [`\`${name}\``, kind, told.join('; ') || '–', help, watch];
}

/** Padded, as the formatter has it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows];
  const widths = head.map((_, at) => Math.max(...cells.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  const rule = widths.map((width) => '-'.repeat(width));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}
