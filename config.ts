import { z } from 'zod';

const Count = z.coerce.number().int().min(1);

const Env = z.object({
  MYSQL_URL: z.url({
    protocol: /^(mysql|mariadb)$/,
    error: 'must be mysql://user:password@host:port/database',
  }),
  QUEUE_REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'must be redis://host:port' }),
  CACHE_REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'must be redis://host:port' }),
  KEY_PREFIX: z
    .string()
    .regex(/^[\w.-]+$/, { error: 'may hold letters, digits, . _ -' })
    .default('camadas'),
  MYSQL_CONNECTIONS_MAX: Count.default(8),
  DRAIN_SECONDS_MAX: Count.default(20),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** Start although a server breaks a promise. For experiments. */
  ALLOW_UNSAFE: z.stringbool().default(false),
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
    mysqlUrl: data.MYSQL_URL.replace(/^mariadb:/, 'mysql:'),
    queueRedisUrl: data.QUEUE_REDIS_URL,
    cacheRedisUrl: data.CACHE_REDIS_URL,
    keyPrefix: data.KEY_PREFIX,
    mysqlConnectionsMax: data.MYSQL_CONNECTIONS_MAX,
    drainMsMax: data.DRAIN_SECONDS_MAX * 1_000,
    logLevel: data.LOG_LEVEL,
    isUnsafeAllowed: data.ALLOW_UNSAFE,
  });
}
