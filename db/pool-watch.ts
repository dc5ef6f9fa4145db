import type { MysqlPool } from 'kysely';
import type { Pool, PoolConnection } from 'mysql2';

/** What a pool of connections is doing now. */
export interface PoolCounts {
  readonly busy: number;
  readonly idle: number;
  /** Those who asked for a connection and have none yet, be it because all are busy or none answers. */
  readonly waiting: number;
}

export interface PoolWatch {
  /** @returns The pool as its users are to see it. */
  attach(pool: Pool): MysqlPool;
  counts(): PoolCounts;
}

/**
 * Follows a pool by what mysql2 tells in public. It does not tell when one who waited is served, so
 * those who ask are counted here; and a connection that dies is never released, so it is forgotten
 * when it says that it ended.
 */
export function openPoolWatch(): PoolWatch {
  const open = new Set<PoolConnection>();
  const busy = new Set<PoolConnection>();
  let waiting = 0;

  function forget(connection: PoolConnection): void {
    open.delete(connection);
    busy.delete(connection);
  }

  return {
    attach(pool) {
      pool.on('connection', (connection) => {
        open.add(connection);
        for (const event of ['end', 'error']) connection.once(event, () => forget(connection));
      });
      pool.on('acquire', (connection) => void (open.has(connection) && busy.add(connection)));
      pool.on('release', (connection) => void busy.delete(connection));
      return {
        getConnection(callback) {
          waiting += 1;
          pool.getConnection((error, connection) => {
            waiting -= 1;
            callback(error, connection);
          });
        },
        end: (callback) => pool.end(callback),
      };
    },
    counts: () => ({ busy: busy.size, idle: open.size - busy.size, waiting }),
  };
}
