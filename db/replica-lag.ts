import { setTimeout as pause } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import type { Finding } from '../domain/finding.ts';
import { openDatabase } from './database.ts';
import type { Database } from './schema.ts';

/** How far replicas of MySQL are behind: moves wait for them, or those who read there see the past. */
export interface ReplicaLag {
  /**
   * Of the one that is furthest behind. One that does not answer or does not replicate is not waited
   * for: it may never come back.
   */
  seconds(): Promise<number>;
  /** Those that cannot be asked. */
  check(): Promise<Finding[]>;
  close(): Promise<void>;
}

/** One answer serves all moves of the process for so long. */
const ANSWER_MS = 1_000;
const ASKING_MS_MAX = 2_000;

/** @param urls mysql://user:password@host:port of each; the user needs REPLICATION CLIENT there. */
export function openReplicaLag(urls: readonly string[]): ReplicaLag {
  const replicas = urls.map((url) => {
    return { host: new URL(url).host, db: openDatabase({ url, connectionsMax: 1 }) };
  });
  let answer = Promise.resolve(0);
  let askedAtMs = -Infinity;

  async function ask(): Promise<number> {
    const lags = await Promise.all(replicas.map(({ db }) => readLagInTime(db).catch(() => null)));
    return Math.max(0, ...lags.map((seconds) => seconds ?? 0));
  }

  return {
    seconds() {
      if (performance.now() - askedAtMs < ANSWER_MS) return answer;
      askedAtMs = performance.now();
      answer = ask();
      return answer;
    },
    async check() {
      const findings = replicas.map(async ({ host, db }): Promise<Finding[]> => {
        const fault = await readLagInTime(db).then(faultOf, (error: Error) => error.message);
        if (fault === null) return [];
        const sentence = `REPLICA_URLS: how far ${host} is behind cannot be told, so moves do not wait for it: ${fault}`;
        return [{ severity: 'weak', sentence }];
      });
      return (await Promise.all(findings)).flat();
    },
    async close() {
      // One that is being connected to in vain says so once more.
      await Promise.allSettled(replicas.map(({ db }) => db.destroy()));
    },
  };
}

function faultOf(seconds: number | null): string | null {
  return seconds === null ? 'it does not replicate; see SHOW REPLICA STATUS there' : null;
}

/** Its columns are called one thing by MySQL, and another by MariaDB. */
interface ReplicaStatus {
  readonly Seconds_Behind_Source?: number | string | null;
  readonly Seconds_Behind_Master?: number | string | null;
}

/** A server that hangs answers nothing, and refuses nothing. */
async function readLagInTime(db: Kysely<Database>): Promise<number | null> {
  const tooLate = new AbortController();
  const late = pause(ASKING_MS_MAX, null, { signal: tooLate.signal, ref: false }).catch(() => null);
  try {
    return await Promise.race([readLag(db), late]);
  } finally {
    tooLate.abort(); // Not before: it ends `late`, which must not win by that.
  }
}

/** Of several sources the one that is furthest behind. @returns Null if it does not replicate. */
async function readLag(db: Kysely<Database>): Promise<number | null> {
  const { rows } = await sql<ReplicaStatus>`show replica status`.execute(db);
  const lags = rows.flatMap((row) => {
    const seconds = row.Seconds_Behind_Source ?? row.Seconds_Behind_Master ?? null;
    return seconds === null ? [] : [Number(seconds)];
  });
  return lags.length === 0 ? null : Math.max(...lags);
}
