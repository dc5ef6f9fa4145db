import { Kysely, MysqlDialect } from 'kysely';
import { createPool } from 'mysql2';
import type { PoolWatch } from './pool-watch.ts';
import type { Database } from './schema.ts';

/** Queries that wait for a connection; one more is refused at once (P8). */
const QUERIES_WAITING_MAX = 1_000;

/**
 * Opens a pool of connections to MySQL or MariaDB; none is made before the first query.
 *
 * @param options.url             mysql://user:password@host:port/database
 * @param options.connectionsMax  How many at the most; further queries wait for one.
 * @param options.watch           Told of what the pool does.
 */
export function openDatabase(options: {
  url: string;
  connectionsMax: number;
  watch?: PoolWatch;
}): Kysely<Database> {
  const pool = createPool({
    uri: options.url,
    connectionLimit: options.connectionsMax,
    queueLimit: QUERIES_WAITING_MAX,
    connectTimeout: 3_000,
    // A server that vanished without a word is noticed in minutes, not after the kernel's two hours.
    enableKeepAlive: true,
    keepAliveInitialDelay: 10_000,
    charset: 'utf8mb4_bin',
    // Dates stay the text they are: no Date objects, no time zones. Big integers stay exact.
    dateStrings: true,
    timezone: 'Z',
    supportBigNumbers: true,
    bigNumberStrings: true,
  });
  // Every statement sees what is committed when it starts, and inserts lock no gaps.
  pool.on('connection', (connection) => {
    connection.query('set session transaction isolation level read committed', ignoreFault);
  });
  const watched = options.watch?.attach(pool) ?? pool;
  return new Kysely<Database>({ dialect: new MysqlDialect({ pool: watched }) });
}

/** A connection that cannot take a setting is broken; the query that follows says how. */
function ignoreFault(): void {}
