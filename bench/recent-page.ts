import { openWiring, type Wiring } from '../wiring.ts';
import { type CachedRound, openCachedPages } from './cached-pages.ts';
import { openUncachedPages, type UncachedRound } from './uncached-pages.ts';
import { figureOf, report } from './figures.ts';
import { type BenchHouse, openBenchHouse } from './house.ts';
import { type BenchFlags, readFlags, repeat } from './rounds.ts';

/**
 * How fast is a page over HTTP, with key, limits and all, when it is in the cache and when it is in
 * none? Each against what one would write without this house (design §9).
 */

const HELP = `./scripts.sh bench recent-page [--rounds N] [--seconds N] [--json]

Measures, each against its yardstick in the same round:
  rps_ratio, p99_ratio   pages out of the warm cache ÷ Express doing one Redis GET of the same bytes
  cold_cache_p99_ms      newest pages of 10,000 conversations, 1 M messages, nothing cached
  flat_speedup           pages out of a flat table with offset paging ÷ the same pages, not cached

  --rounds N    rounds, at least 1 (default 7)
  --seconds N   of asking each for cached pages in a round (default 6)
  --json        the figures as one JSON object on the last line`;

const flags = readFlags(HELP, { rounds: 7, seconds: 6 });
if (flags) await main(flags);

async function main({ rounds, seconds, isJson }: BenchFlags): Promise<void> {
  const house = await openBenchHouse({ fleetProcesses: 0 });
  const wiring = openWiring(house.config);
  try {
    const cached = await measureCached({ house, wiring, rounds, seconds });
    const cold = await openUncachedPages(house, wiring);
    const ofCold = await repeat(rounds, () => cold.measure());
    const servers = await house.conditions();
    await report({
      bench: 'recent-page',
      figures: { ...cachedFigures(cached.rounds), ...coldFigures(ofCold) },
      conditions: { rounds, seconds, ...cached.conditions, ...cold.conditions, ...servers },
      isJson,
    });
  } finally {
    await wiring.close();
    await house.close();
  }
}

async function measureCached(options: {
  house: BenchHouse;
  wiring: Wiring;
  rounds: number;
  seconds: number;
}) {
  const { house, wiring, seconds } = options;
  const cached = await openCachedPages(house, wiring);
  try {
    await cached.warmUp(seconds);
    const rounds = await repeat(options.rounds, () => cached.measure(seconds));
    return { rounds, conditions: cached.conditions };
  } finally {
    await cached.close();
  }
}

function cachedFigures(rounds: readonly CachedRound[]) {
  const of = (value: (round: CachedRound) => number) => rounds.map(value);
  return {
    rps_ratio: figureOf(
      of(({ ours, express }) => ours.rate / express.rate),
      'ratio',
      {
        atLeast: 0.7,
      },
    ),
    p99_ratio: figureOf(
      of(({ ours, express }) => ours.p99Ms / express.p99Ms),
      'ratio',
      {
        atMost: 2,
      },
    ),
    cached_rps: figureOf(
      of(({ ours }) => ours.rate),
      'req/s',
    ),
    express_rps: figureOf(
      of(({ express }) => express.rate),
      'req/s',
    ),
    cached_p50_ms: figureOf(
      of(({ ours }) => ours.p50Ms),
      'ms',
    ),
    express_p50_ms: figureOf(
      of(({ express }) => express.p50Ms),
      'ms',
    ),
    cached_p99_ms: figureOf(
      of(({ ours }) => ours.p99Ms),
      'ms',
    ),
    express_p99_ms: figureOf(
      of(({ express }) => express.p99Ms),
      'ms',
    ),
    cached_cpu_us: figureOf(
      of(({ ours }) => ours.cpuUs),
      'µs/req',
    ),
    express_cpu_us: figureOf(
      of(({ express }) => express.cpuUs),
      'µs/req',
    ),
    client_cores: figureOf(
      of(({ express }) => express.clientCores),
      'ratio',
    ),
  };
}

function coldFigures(rounds: readonly UncachedRound[]) {
  const of = (value: (round: UncachedRound) => number) => rounds.map(value);
  const ms = (value: (round: UncachedRound) => number) => figureOf(of(value), 'ms');
  const speedup = (kind: keyof UncachedRound['ours'], at: 'p50' | 'p99' | 'mean') =>
    figureOf(
      of(({ ours, flat }) => flat[kind][at] / ours[kind][at]),
      'ratio',
    );
  return {
    cold_cache_p99_ms: figureOf(
      of(({ opened }) => opened.p99),
      'ms',
      { atMost: 10 },
    ),
    cold_cache_p50_ms: ms(({ opened }) => opened.p50),
    cold_cache_rps: figureOf(
      of(({ opened }) => opened.rate),
      'req/s',
    ),
    flat_speedup: figureOf(
      of(({ ours, flat }) => flat.all.p99 / ours.all.p99),
      'ratio',
      {
        atLeast: 10,
      },
    ),
    flat_speedup_mean: speedup('all', 'mean'),
    flat_speedup_median: speedup('all', 'p50'),
    flat_speedup_newest: speedup('newest', 'p99'),
    flat_speedup_deep: speedup('deep', 'p99'),
    flat_speedup_company: speedup('company', 'p99'),
    ours_p99_ms: ms(({ ours }) => ours.all.p99),
    flat_p99_ms: ms(({ flat }) => flat.all.p99),
    ours_p50_ms: ms(({ ours }) => ours.all.p50),
    flat_p50_ms: ms(({ flat }) => flat.all.p50),
  };
}
