import { z } from 'zod';

const Count = z.coerce.number().int().min(1);
const Port = z.coerce.number().int().min(0).max(65_535);
const ADMIN_PASSWORD_LENGTH_MIN = 12;

const MysqlUrl = z
  .url({
    protocol: /^(mysql|mariadb)$/,
    error: 'must be mysql://user:password@host:port/database',
  })
  .transform((url) => url.replace(/^mariadb:/, 'mysql:'));

const Env = z
  .object({
    MYSQL_URL: MysqlUrl,
    QUEUE_REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'must be redis://host:port' }),
    CACHE_REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'must be redis://host:port' }),
    KEY_PREFIX: z
      .string()
      .regex(/^[\w.-]+$/, { error: 'may hold letters, digits, . _ -' })
      .default('camadas'),
    MYSQL_CONNECTIONS_MAX: Count.default(8),
    /** Replicas of MySQL, joined by commas: while one is further behind, no Messages move. */
    REPLICA_URLS: z
      .string()
      .transform((urls) => urls.split(',').filter(Boolean))
      .pipe(z.array(MysqlUrl))
      .default([]),
    REPLICA_LAG_SECONDS_MAX: Count.default(5),
    DRAIN_SECONDS_MAX: Count.default(20),
    /** Where the cold tier lies; without it Messages stay warm. */
    ARCHIVE_URL: z
      .string()
      .regex(/^(file:\/\/\/|s3:\/\/[^/?])/, {
        error: 'must be file:///folder or s3://bucket/prefix?region=…',
      })
      .optional(),
    /** When Messages leave the hot tier, and the warm one; a Company may have ages of its own. */
    HOT_HOURS: Count.default(24),
    WARM_DAYS: Count.default(30),
    /** Tokens that a Company's Summaries may take in a UTC day; what waits is made the next day. */
    SUMMARY_TOKENS_PER_DAY_MAX: Count.default(1_000_000),
    /** Where the HTTP process listens: this machine only, unless told otherwise. */
    HTTP_HOST: z.string().min(1).default('127.0.0.1'),
    HTTP_PORT: Port.default(3_000),
    /** Proxies in front that end TLS and set X-Forwarded-For and -Proto. */
    TRUSTED_PROXIES: z.coerce.number().int().min(0).default(0),
    /** Of one API key, by all HTTP processes together. */
    REQUESTS_PER_SECOND_MAX: Count.default(1_000),
    QUEUE_JOBS_MAX: Count.default(1_000_000),
    /** Opens the admin pages; without it nobody can log in. */
    ADMIN_PASSWORD: z
      .string()
      .min(ADMIN_PASSWORD_LENGTH_MIN, {
        error: `must have at least ${ADMIN_PASSWORD_LENGTH_MIN} characters`,
      })
      .optional(),
    /** Lets administrators retry and promote jobs and pause queues in Bull Board, too. */
    BOARD_CHANGES: z.stringbool().default(false),
    /** Where a fleet process shows its metrics; port 0 takes any free one. */
    METRICS_HOST: z.string().min(1).default('127.0.0.1'),
    METRICS_PORT: Port.default(0),
    /** What Prometheus must send as bearer token; absent: nothing. */
    METRICS_TOKEN: z.string().min(1).optional(),
    LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
    /** Start although a server breaks a promise. For experiments. */
    ALLOW_UNSAFE: z.stringbool().default(false),
  })
  .refine((env) => env.HOT_HOURS < env.WARM_DAYS * 24, {
    path: ['WARM_DAYS'],
    error: 'must be longer than HOT_HOURS: a message is warm before it is cold',
  });

export type Config = ReturnType<typeof readConfig>;

/**
 * Reads the environment at start.
 *
 * @throws Error Naming every fault together, never one per restart.
 */
export function readConfig(env: NodeJS.ProcessEnv) {
  const parsed = Env.safeParse(env);
  if (!parsed.success) throw new Error(`configuration:\n${z.prettifyError(parsed.error)}`);
  const { data } = parsed;
  return Object.freeze({
    mysqlUrl: data.MYSQL_URL,
    queueRedisUrl: data.QUEUE_REDIS_URL,
    cacheRedisUrl: data.CACHE_REDIS_URL,
    keyPrefix: data.KEY_PREFIX,
    mysqlConnectionsMax: data.MYSQL_CONNECTIONS_MAX,
    replicaUrls: data.REPLICA_URLS,
    replicaLagSecondsMax: data.REPLICA_LAG_SECONDS_MAX,
    archiveUrl: data.ARCHIVE_URL ?? null,
    hotHours: data.HOT_HOURS,
    warmDays: data.WARM_DAYS,
    drainMsMax: data.DRAIN_SECONDS_MAX * 1_000,
    summaryTokensPerDayMax: data.SUMMARY_TOKENS_PER_DAY_MAX,
    httpHost: data.HTTP_HOST,
    httpPort: data.HTTP_PORT,
    trustedProxies: data.TRUSTED_PROXIES,
    requestsPerSecondMax: data.REQUESTS_PER_SECOND_MAX,
    queueJobsMax: data.QUEUE_JOBS_MAX,
    adminPassword: data.ADMIN_PASSWORD ?? null,
    isBoardChangeable: data.BOARD_CHANGES,
    metricsHost: data.METRICS_HOST,
    metricsPort: data.METRICS_PORT,
    metricsToken: data.METRICS_TOKEN ?? null,
    logLevel: data.LOG_LEVEL,
    isUnsafeAllowed: data.ALLOW_UNSAFE,
  });
}
