import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Which process shows a metric. What all processes share is shown by one kind of them only. */
export type ProcessKind = 'fleet' | 'http';

/** One metric: all that is known of it. `docs/metrics.md` is written from these. */
export interface Definition {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** What an operator looks for, and from where on it is bad. */
  readonly watch: string;
  /** Each label with its values, or a word for them where another file lists them. Never an id. */
  readonly labels?: Readonly<Record<string, readonly string[] | string>>;
  readonly buckets?: readonly number[];
  readonly shownBy: readonly ProcessKind[];
}

const FLEET = ['fleet'] as const;
const HTTP = ['http'] as const;
const EVERY = ['fleet', 'http'] as const;

export const JOB_OUTCOMES = ['done', 'retried', 'delayed', 'dead'] as const;
export const MESSAGE_OUTCOMES = ['stored', 'duplicate', 'refused'] as const;
export const COMMIT_OUTCOMES = ['committed', 'duplicate', 'transient', 'data', 'unknown'] as const;
export const TOKEN_DIRECTIONS = ['input', 'output'] as const;
export const CACHE_ENTRIES = ['page', 'active'] as const;
export const CACHE_LEVELS = ['l1', 'redis', 'load'] as const;
export const PAGE_TIERS = ['l1', 'redis', 'hot', 'warm', 'cold'] as const;
export const PAGE_OUTCOMES = ['ok', 'error'] as const;
export const HTTP_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
/** What stands for a label's value that its list does not know: it could be anything. */
export const OTHER = 'other';
export const REFUSAL_CODES = [
  'MESSAGE_INVALID',
  'QUEUE_FULL',
  'QUEUE_UNREACHABLE',
  'OVERLOADED',
  'PRODUCER_CLOSED',
  OTHER,
] as const;

/** Every metric there is of our own. */
export const METRICS = {
  jobs: {
    name: 'camadas_jobs_total',
    kind: 'counter',
    help: 'Attempts at jobs that ended, by queue and outcome',
    watch: '`dead` of `persist` holds messages that exist nowhere else: any is worth a look',
    labels: { queue: 'each queue', outcome: JOB_OUTCOMES },
    shownBy: FLEET,
  },
  jobWait: {
    name: 'camadas_job_wait_seconds',
    kind: 'histogram',
    help: 'Seconds from the enqueueing of a job to the start of an attempt at it',
    watch: 'p99 of `persist` above 2 s: too few fleet processes, or MySQL is slow',
    labels: { queue: 'each queue' },
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600],
    shownBy: FLEET,
  },
  jobRun: {
    name: 'camadas_job_run_seconds',
    kind: 'histogram',
    help: 'Seconds that one attempt at a job took',
    watch: 'p99 near the timeout of its queue: jobs are cut off and tried again',
    labels: { queue: 'each queue', outcome: JOB_OUTCOMES },
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 30],
    shownBy: FLEET,
  },
  persistJobMessages: {
    name: 'camadas_persist_job_messages',
    kind: 'histogram',
    help: 'Messages in one persist job',
    watch: 'an average near 1 under load: clients send one by one, which costs four times as much',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
    shownBy: FLEET,
  },
  messages: {
    name: 'camadas_messages_total',
    kind: 'counter',
    help: 'Messages by what became of them in the hot tier',
    watch: '`refused` above 0: somebody writes jobs without checking messages',
    labels: { outcome: MESSAGE_OUTCOMES },
    shownBy: FLEET,
  },
  acceptToStore: {
    name: 'camadas_accept_to_store_seconds',
    kind: 'histogram',
    help: 'Seconds from when a persist job was durable in its queue until its messages were committed',
    watch: 'p99 above 2 s: readers see messages late; none is lost',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 30, 300, 3600],
    shownBy: FLEET,
  },
  commitMessages: {
    name: 'camadas_commit_messages',
    kind: 'histogram',
    help: 'Messages in one transaction',
    watch: 'it grows with load, by itself; an average near 4,000 is a fleet at its limit',
    buckets: [1, 10, 50, 100, 250, 500, 1_000, 2_000, 4_000],
    shownBy: FLEET,
  },
  commitSeconds: {
    name: 'camadas_commit_seconds',
    kind: 'histogram',
    help: 'Seconds that one attempt at a transaction took, by what became of it',
    watch: 'any rate of `transient` that lasts: MySQL is away, locked, or read-only',
    labels: { outcome: COMMIT_OUTCOMES },
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
    shownBy: FLEET,
  },
  summaries: {
    name: 'camadas_summaries_total',
    kind: 'counter',
    help: 'Summaries of conversations that were made and kept, by the model that wrote them',
    watch:
      'none after 02:00 UTC although conversations had new messages: see dead jobs of `summarize`',
    labels: { model: 'the configured one' },
    shownBy: FLEET,
  },
  summaryTokens: {
    name: 'camadas_llm_tokens_total',
    kind: 'counter',
    help: 'Tokens that those summaries took, as the model counts them',
    watch: 'a rate that leads beyond what you want to pay: lower `LLM_TOKENS_PER_COMPANY_DAY_MAX`',
    labels: { model: 'the configured one', direction: TOKEN_DIRECTIONS },
    shownBy: FLEET,
  },
  cacheReads: {
    name: 'camadas_cache_reads_total',
    kind: 'counter',
    help: 'Reads through the cache, by what was read and who gave it; load: nobody had it',
    watch: 'share of `load` above 0.5 for long: the cache Redis is away or too small',
    labels: { entry: CACHE_ENTRIES, level: CACHE_LEVELS },
    shownBy: EVERY,
  },
  pageSeconds: {
    name: 'camadas_page_seconds',
    kind: 'histogram',
    help: 'Seconds until a page of messages was there, by the cache level or the lowest tier asked',
    watch:
      'p99 of `hot` above 0.01 s, of `l1` and `redis` above 0.005 s, of `warm` and `cold` above 0.15 s; any `error`',
    labels: { tier: PAGE_TIERS, outcome: PAGE_OUTCOMES },
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.15, 0.5, 2],
    shownBy: EVERY,
  },
  mysqlConnections: {
    name: 'camadas_mysql_connections',
    kind: 'gauge',
    help: 'Connections of this process to MySQL',
    watch: '`busy` at `MYSQL_CONNECTIONS_MAX` for long, together with waiting requests',
    labels: { state: ['busy', 'idle'] },
    shownBy: EVERY,
  },
  mysqlWaiting: {
    name: 'camadas_mysql_waiting_requests',
    kind: 'gauge',
    help: 'Those who wait for a connection to MySQL now, in this process',
    watch: 'above 0 for a minute: raise `MYSQL_CONNECTIONS_MAX`, or MySQL does not answer',
    shownBy: EVERY,
  },
  httpRequestSeconds: {
    name: 'camadas_http_request_seconds',
    kind: 'histogram',
    help: 'Seconds from a request to the end of its answer',
    watch: 'rate of status 5xx; p99 of the route that reads recent messages above 0.05 s',
    labels: { method: [...HTTP_METHODS, OTHER], route: 'each route', status: 'HTTP status' },
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    shownBy: HTTP,
  },
  httpInFlight: {
    name: 'camadas_http_in_flight_requests',
    kind: 'gauge',
    help: 'Requests being answered now',
    watch: 'it rises while the rate of requests does not: something behind it is slow',
    shownBy: HTTP,
  },
  messagesAccepted: {
    name: 'camadas_messages_accepted_total',
    kind: 'counter',
    help: 'Messages accepted over HTTP: durable in the queue',
    watch: 'its rate above that of stored messages for long: the queue grows',
    shownBy: HTTP,
  },
  messagesRefused: {
    name: 'camadas_messages_refused_total',
    kind: 'counter',
    help: 'Messages refused over HTTP, by code',
    watch: '`QUEUE_FULL` or `QUEUE_UNREACHABLE`: clients have to hold on to their messages',
    labels: { code: REFUSAL_CODES },
    shownBy: HTTP,
  },
  queueJobs: {
    name: 'camadas_queue_jobs',
    kind: 'gauge',
    help: 'Jobs in a queue, by state',
    watch: '`waiting` that keeps growing; any `dead` of `persist`',
    labels: { queue: 'each queue', state: ['waiting', 'active', 'delayed', 'dead'] },
    shownBy: HTTP,
  },
  queueOldestWaiting: {
    name: 'camadas_queue_oldest_waiting_seconds',
    kind: 'gauge',
    help: 'Age of the job that is next in line; 0 if none waits',
    watch: 'above 30 s for `persist`: no worker takes jobs, or too few do',
    labels: { queue: 'each queue' },
    shownBy: HTTP,
  },
  fleetWorkers: {
    name: 'camadas_fleet_workers',
    kind: 'gauge',
    help: 'Fleet processes that said so within the last 15 s, by how they are',
    watch: 'no `healthy` one: nothing is stored; any `unhealthy` one: see `status` for the reason',
    labels: { state: ['healthy', 'unhealthy'] },
    shownBy: HTTP,
  },
  scheduleLastDone: {
    name: 'camadas_schedule_last_done_seconds',
    kind: 'gauge',
    help: 'When an entry of the schedule was last done, in seconds since 1970; absent: never yet',
    watch: 'older than two of its periods: `schedule` tells whether it is paused, fails or hangs',
    labels: { schedule: 'each entry' },
    shownBy: HTTP,
  },
  queueRedisUp: {
    name: 'camadas_queue_redis_up',
    kind: 'gauge',
    help: 'Whether the queue Redis answered this scrape: 1, or 0 and no gauge of queues and fleet',
    watch: '0: nothing is accepted and nothing is stored until it is back',
    shownBy: HTTP,
  },
  buildInfo: {
    name: 'camadas_build_info',
    kind: 'gauge',
    help: 'Always 1; its labels tell what runs',
    watch: 'more than one version for longer than a rollout takes',
    labels: { version: 'one', node: 'one' },
    shownBy: EVERY,
  },
} as const satisfies Record<string, Definition>;

type MetricKey = keyof typeof METRICS;
type LabelsOf<One> = One extends { labels: infer Labels } ? keyof Labels & string : never;
type InstrumentOf<One extends Definition> = {
  counter: Counter<LabelsOf<One>>;
  gauge: Gauge<LabelsOf<One>>;
  histogram: Histogram<LabelsOf<One>>;
}[One['kind']];

export type Instruments = { readonly [Key in MetricKey]: InstrumentOf<(typeof METRICS)[Key]> };
export type Metrics = ReturnType<typeof createMetrics>;

export const METRICS_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** One set of metrics, of one installation in one process. */
export function createMetrics(build: { version: string }) {
  const registries = { fleet: new Registry(), http: new Registry() };
  const made = Object.entries(METRICS).map(([key, definition]) => {
    return [key, makeInstrument(definition, registries)] as const;
  });
  // TypeScript does not see that what stands under a key is made from the definition under it.
  const instruments = Object.fromEntries(made) as unknown as Instruments;
  instruments.buildInfo.set({ version: build.version, node: process.version }, 1);
  const refreshers: (() => void | Promise<void>)[] = [];

  return {
    ...instruments,
    /** @param refresh Sets gauges to what they are now, before each showing. It must not fail. */
    beforeShowing(refresh: () => void | Promise<void>): void {
      refreshers.push(refresh);
    },
    /** What Prometheus is to read, as `METRICS_CONTENT_TYPE`. */
    async show(kind: ProcessKind): Promise<string> {
      await Promise.all(refreshers.map(async (refresh) => refresh()));
      const shown = [registries[kind].metrics(), processRegistry().metrics()];
      return (await Promise.all(shown)).join('\n');
    },
  };
}

function makeInstrument(
  definition: Definition,
  registries: Readonly<Record<ProcessKind, Registry>>,
): Counter | Gauge | Histogram {
  const { kind, labels = {}, buckets = [], shownBy, ...named } = definition;
  const registers = shownBy.map((one) => registries[one]);
  const options = { ...named, labelNames: Object.keys(labels), registers };
  if (kind === 'counter') return new Counter(options);
  if (kind === 'gauge') return new Gauge(options);
  return new Histogram({ ...options, buckets: [...buckets] });
}

let ofThisProcess: Registry | undefined;

/**
 * Event loop, heap, garbage collection, files: of the process, however many installations are open
 * in it. Made when they are first shown, as prom-client's watches cannot be ended again.
 */
function processRegistry(): Registry {
  if (!ofThisProcess) {
    ofThisProcess = new Registry();
    collectDefaultMetrics({ register: ofThisProcess });
  }
  return ofThisProcess;
}
