import {
  CACHE_ENTRIES,
  CACHE_LEVELS,
  COMMIT_OUTCOMES,
  HTTP_METHODS,
  JOB_OUTCOMES,
  MESSAGE_OUTCOMES,
  type Metrics,
  OTHER,
  PAGE_OUTCOMES,
  PAGE_TIERS,
  REFUSAL_CODES,
  TOKEN_DIRECTIONS,
} from './metrics.ts';

type OneOf<Values extends readonly string[]> = Values[number];

/** One attempt at a job. */
interface JobSeen {
  readonly queue: string;
  readonly outcome: OneOf<typeof JOB_OUTCOMES>;
  readonly waitMs: number;
  readonly runMs: number;
}

/** One attempt at a transaction; `stored` of its rows were new. */
interface CommitSeen {
  readonly outcome: OneOf<typeof COMMIT_OUTCOMES>;
  readonly rows: number;
  readonly stored: number;
  readonly ms: number;
}

/** One Summary that was kept; `model` is what is configured. */
interface SummarySeen {
  readonly model: string;
  readonly tokens: Readonly<Record<OneOf<typeof TOKEN_DIRECTIONS>, number>>;
}

/** One read of a page or of the list of active Conversations; `from` is null if it failed. */
interface ReadSeen {
  readonly entry: OneOf<typeof CACHE_ENTRIES>;
  readonly from: OneOf<typeof CACHE_LEVELS> | null;
  readonly ms: number;
}

interface RequestSeen {
  readonly method: string;
  /** The name or the pattern of the route, never the URL; `other` where there is none. */
  readonly route: string;
  readonly status: number;
  readonly ms: number;
}

/** More than there are. Whoever passes a URL by mistake gets `other`, and no series for each. */
const ROUTES_MAX = 32;

type PageTier = OneOf<typeof PAGE_TIERS>;

export type Observers = ReturnType<typeof openObservers>;

/**
 * Turns what happens into numbers. Nothing here waits or fails, and what happens for each job looks
 * its series up by two names instead of building them anew: see docs/metrics.md for what it costs.
 */
export function openObservers(
  metrics: Metrics,
  lists: { queues: readonly string[]; models: readonly string[] },
) {
  const jobs = recordOf(lists.queues, (queue) => jobSeriesOf(metrics, queue));
  const messages = recordOf(MESSAGE_OUTCOMES, (outcome) => zero(metrics.messages, { outcome }));
  const commits = recordOf(COMMIT_OUTCOMES, (outcome) => metrics.commitSeconds.labels({ outcome }));
  const reads = recordOf(CACHE_ENTRIES, (entry) =>
    recordOf(CACHE_LEVELS, (level) => zero(metrics.cacheReads, { entry, level })),
  );
  const pages = recordOf(PAGE_TIERS, (tier) =>
    recordOf(PAGE_OUTCOMES, (outcome) => metrics.pageSeconds.labels({ tier, outcome })),
  );
  const summaries = recordOf(lists.models, (model) => summarySeriesOf(metrics, model));
  const refusals = recordOf(REFUSAL_CODES, (code) => zero(metrics.messagesRefused, { code }));

  const routes = new Set<string>([OTHER]);

  function routeOr(route: string): string {
    if (routes.size < ROUTES_MAX) routes.add(route);
    return routes.has(route) ? route : OTHER;
  }

  function page(tier: OneOf<typeof PAGE_TIERS>, seen: { isOk: boolean; ms: number }): void {
    pages[tier][seen.isOk ? 'ok' : 'error'].observe(seen.ms / 1_000);
  }

  metrics.beforeShowing(() => {
    for (const series of Object.values(jobs)) series.tellEnded();
  });

  return {
    job({ queue, outcome, waitMs, runMs }: JobSeen): void {
      const series = jobs[queue];
      if (!series) return;
      series.ended[outcome] += 1;
      series.wait.observe(Math.max(0, waitMs) / 1_000);
      series.run[outcome].observe(runMs / 1_000);
      if (queue === 'persist' && outcome === 'done') {
        metrics.acceptToStore.observe(Math.max(0, waitMs + runMs) / 1_000);
      }
    },
    persistJob(count: number): void {
      metrics.persistJobMessages.observe(count);
    },
    commit({ outcome, rows, stored, ms }: CommitSeen): void {
      commits[outcome].observe(ms / 1_000);
      if (outcome !== 'committed') return;
      metrics.commitMessages.observe(rows);
      messages.stored.inc(stored);
      messages.duplicate.inc(rows - stored);
    },
    refusedByStore(count: number): void {
      messages.refused.inc(count);
    },
    read({ entry, from, ms }: ReadSeen): void {
      if (from) reads[entry][from].inc();
      // Only MySQL can make a read fail, and what the cache did not have comes from there.
      const tier = from === null || from === 'load' ? 'hot' : from;
      if (entry === 'page') page(tier, { isOk: from !== null, ms });
    },
    /** A page that no cache can have. */
    tierPage({ tier, ...seen }: { tier: PageTier; isOk: boolean; ms: number }): void {
      page(tier, seen);
    },
    summary({ model, tokens }: SummarySeen): void {
      const series = summaries[model];
      if (!series) return;
      series.made.inc(1);
      for (const direction of TOKEN_DIRECTIONS) series.tokens[direction].inc(tokens[direction]);
    },
    pool({ busy, idle, waiting }: { busy: number; idle: number; waiting: number }): void {
      metrics.mysqlConnections.set({ state: 'busy' }, busy);
      metrics.mysqlConnections.set({ state: 'idle' }, idle);
      metrics.mysqlWaiting.set(waiting);
    },
    accepted(count: number): void {
      metrics.messagesAccepted.inc(count);
    },
    refused(code: string, count: number): void {
      refusals[knownOr(OTHER, code, REFUSAL_CODES)].inc(count);
    },
    /** @returns What to call with the answer; until then the request counts as in flight. */
    request(): (seen: RequestSeen) => void {
      metrics.httpInFlight.inc();
      return ({ method, route, status, ms }) => {
        metrics.httpInFlight.dec();
        const known = knownOr(OTHER, method, HTTP_METHODS);
        const labels = { method: known, route: routeOr(route), status };
        metrics.httpRequestSeconds.observe(labels, ms / 1_000);
      };
    },
  };
}

function jobSeriesOf(metrics: Metrics, queue: string) {
  const counters = recordOf(JOB_OUTCOMES, (outcome) => zero(metrics.jobs, { queue, outcome }));
  /** Counted here and told when asked: prom-client's counter would cost as much as all the rest. */
  const ended = recordOf(JOB_OUTCOMES, () => 0);
  return {
    ended,
    tellEnded(): void {
      for (const outcome of JOB_OUTCOMES) {
        counters[outcome].inc(ended[outcome]);
        ended[outcome] = 0;
      }
    },
    wait: metrics.jobWait.labels({ queue }),
    run: recordOf(JOB_OUTCOMES, (outcome) => metrics.jobRun.labels({ queue, outcome })),
  };
}

function summarySeriesOf(metrics: Metrics, model: string) {
  return {
    made: zero(metrics.summaries, { model }),
    tokens: recordOf(TOKEN_DIRECTIONS, (direction) =>
      zero(metrics.summaryTokens, { model, direction }),
    ),
  };
}

interface Countable<Labels, Series> {
  labels(labels: Labels): Series;
}

/** A counter that is there from the start: Prometheus misses the first step of one that appears. */
function zero<Labels, Series extends { inc(by: number): void }>(
  counter: Countable<Labels, Series>,
  labels: Labels,
): Series {
  const series = counter.labels(labels);
  series.inc(0);
  return series;
}

function recordOf<Key extends string, Value>(
  keys: readonly Key[],
  valueOf: (key: Key) => Value,
): Record<Key, Value> {
  return Object.fromEntries(keys.map((key) => [key, valueOf(key)])) as Record<Key, Value>;
}

function knownOr<Known extends string, Fallback extends string>(
  fallback: Fallback,
  value: string,
  known: readonly Known[],
): Known | Fallback {
  return known.find((one) => one === value) ?? fallback;
}
