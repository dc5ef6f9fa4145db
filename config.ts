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

const S3_PARAMETERS = ['endpoint', 'region', 'storage-class', 'encryption', 'kms-key'];
/** Objects of these classes are to be thawed for hours before they can be read. */
const FROZEN_CLASSES = ['GLACIER', 'DEEP_ARCHIVE'];

const ArchiveUrl = z
  .string()
  .regex(/^(file:\/\/\/|s3:\/\/[^/?])/, {
    error: 'must be file:///folder or s3://bucket/prefix?region=…',
    abort: true,
  })
  .superRefine((url, context) => {
    const message = faultOfArchive(url);
    if (message !== null) context.addIssue({ code: 'custom', message });
  });

/** Enough for one piece of a Conversation, its summary, and one attempt to repair that. */
const TOKENS_PER_JOB_MIN = 30_000;
/** Each Summary tells by which model it was made; a table has so much room for that. */
const MODEL_LENGTH_MAX = 128;
/** Node's own fetch waits no longer for an answer. */
const LLM_TIMEOUT_SECONDS_MAX = 300;

const HttpUrl = z
  .url({ protocol: /^https?$/, error: 'must be http://host:port/v1 or https://host/v1' })
  .refine((url) => new URL(url).username === '' && new URL(url).password === '', {
    error: 'must hold no user and no password; a key goes into LLM_API_KEY',
  });
const Price = z.coerce.number().min(0);

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
    ARCHIVE_URL: ArchiveUrl.optional(),
    /**
     * When Messages leave the hot tier, and the warm one; a Company may have ages of its own. Kept in
     * MySQL: who is given neither leaves them as they are.
     */
    HOT_HOURS: Count.default(24),
    WARM_DAYS: Count.default(30),
    /** So long is gathered what was said before it is counted; by a tenth of it clocks may differ. */
    COUNT_AFTER_SECONDS: Count.default(50),
    /** In which the schedule's hours count. */
    TIME_ZONE: z
      .string()
      .refine(isTimeZone, {
        error: 'must be the name of a time zone, like UTC or America/Sao_Paulo',
      })
      .default('UTC'),
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
    /** A server that speaks OpenAI's protocol, and its model, write the Summaries; absent: built in. */
    LLM_BASE_URL: HttpUrl.optional(),
    LLM_MODEL: z.string().min(1).max(MODEL_LENGTH_MAX).optional(),
    /** Servers of one's own need none. */
    LLM_API_KEY: z.string().min(1).optional(),
    LLM_TIMEOUT_SECONDS: Count.max(LLM_TIMEOUT_SECONDS_MAX).default(60),
    LLM_TOKENS_PER_JOB_MAX: Count.min(TOKENS_PER_JOB_MIN).default(60_000),
    LLM_TOKENS_PER_COMPANY_DAY_MAX: Count.default(2_000_000),
    /** Of a million tokens, in whatever currency the costs are to be told in. */
    LLM_PRICE_INPUT: Price.default(0),
    LLM_PRICE_OUTPUT: Price.default(0),
    LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
    /** Start although a server breaks a promise. For experiments. */
    ALLOW_UNSAFE: z.stringbool().default(false),
  })
  .refine((env) => env.HOT_HOURS < env.WARM_DAYS * 24, {
    path: ['WARM_DAYS'],
    error: 'must be longer than HOT_HOURS: a message is warm before it is cold',
  })
  .refine((env) => env.LLM_BASE_URL === undefined || env.LLM_MODEL !== undefined, {
    path: ['LLM_MODEL'],
    error: 'is needed with LLM_BASE_URL: which of its models is to write summaries?',
  })
  .refine((env) => env.LLM_BASE_URL !== undefined || !(env.LLM_MODEL ?? env.LLM_API_KEY), {
    path: ['LLM_BASE_URL'],
    error: 'is needed with LLM_MODEL and LLM_API_KEY: https://api.openai.com/v1, for example',
  })
  .refine((env) => env.LLM_TOKENS_PER_JOB_MAX <= env.LLM_TOKENS_PER_COMPANY_DAY_MAX, {
    path: ['LLM_TOKENS_PER_COMPANY_DAY_MAX'],
    error: 'must not be less than LLM_TOKENS_PER_JOB_MAX, or no summary may ever be made',
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
    areAgesGiven: (env['HOT_HOURS'] ?? env['WARM_DAYS']) !== undefined,
    countAfterMs: data.COUNT_AFTER_SECONDS * 1_000,
    timeZone: data.TIME_ZONE,
    drainMsMax: data.DRAIN_SECONDS_MAX * 1_000,
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
    llm: languageModelOf(data),
    logLevel: data.LOG_LEVEL,
    isUnsafeAllowed: data.ALLOW_UNSAFE,
  });
}

/** What would be passed over in silence, or make the cold tier one that pages cannot read. */
function faultOfArchive(text: string): string | null {
  const url = URL.parse(text);
  if (url === null) return 'is no address';
  const known = url.protocol === 's3:' ? S3_PARAMETERS : [];
  const stranger = [...url.searchParams.keys()].find((name) => !known.includes(name));
  if (stranger !== undefined) {
    const which = known.length === 0 ? 'a folder has none' : `there are ${known.join(', ')}`;
    return `has an unknown parameter ${stranger}; ${which}`;
  }
  const storageClass = url.searchParams.get('storage-class') ?? '';
  if (!FROZEN_CLASSES.includes(storageClass.toUpperCase())) return null;
  return `must name a storage-class that is read at once, such as GLACIER_IR, not ${storageClass}`;
}

/** A name, not an offset, which would be wrong for half of the year. */
function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** Null: no language model is configured. */
function languageModelOf(data: z.infer<typeof Env>) {
  const { LLM_BASE_URL: baseUrl, LLM_MODEL: model } = data;
  if (baseUrl === undefined || model === undefined) return null;
  return Object.freeze({
    baseUrl,
    model,
    apiKey: data.LLM_API_KEY ?? null,
    timeoutMs: data.LLM_TIMEOUT_SECONDS * 1_000,
    tokensPerJobMax: data.LLM_TOKENS_PER_JOB_MAX,
    tokensPerCompanyDayMax: data.LLM_TOKENS_PER_COMPANY_DAY_MAX,
    priceInput: data.LLM_PRICE_INPUT,
    priceOutput: data.LLM_PRICE_OUTPUT,
  });
}
