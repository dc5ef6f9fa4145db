import { setTimeout as pause } from 'node:timers/promises';
import type { Finding } from './domain/finding.ts';

/** What a process cannot start without. */
export interface NeededServers {
  readonly mysqlUrl: string;
  readonly queueRedisUrl: string;
  /** Rejects if the queue's Redis is away. */
  untilRedisIsReady(): Promise<void>;
  /** Asks both for their settings. Without Redis it waits for ever. */
  check(): Promise<Finding[]>;
}

const WAIT_MS_MAX = 60_000;
const PAUSE_MS = 100;

/**
 * Waits until the servers answer. The containers of an installation start in any order: a process
 * that ended at once would be restarted ever more slowly, and sleep on when its servers are there.
 * What no waiting mends (a wrong password) ends it at once, and an hour's outage after a minute, so
 * that whoever looks at restarts sees it.
 *
 * @returns What is set dangerously.
 * @throws Error One sentence: which server, and what it said.
 */
export async function awaitServers(
  servers: NeededServers,
  say: (sentence: string) => void,
  waitMsMax = WAIT_MS_MAX,
): Promise<Finding[]> {
  const dueAt = performance.now() + waitMsMax;
  for (let said = ''; ;) {
    const answer = await ask(servers);
    if ('findings' in answer) return answer.findings;
    if (answer.isFinal) throw new Error(answer.sentence, { cause: answer.error });
    if (performance.now() > dueAt) {
      const sentence = `${answer.sentence}; waited ${waitMsMax / 1_000} s for it`;
      throw new Error(sentence, { cause: answer.error });
    }
    if (answer.sentence !== said) say(`waiting: ${(said = answer.sentence)}`);
    await pause(PAUSE_MS);
  }
}

type Answer =
  | { readonly findings: Finding[] }
  | { readonly sentence: string; readonly isFinal: boolean; readonly error: unknown };

async function ask(servers: NeededServers): Promise<Answer> {
  try {
    await servers.untilRedisIsReady();
  } catch (error) {
    return refusal("the queue's Redis", servers.queueRedisUrl, error);
  }
  try {
    return { findings: await servers.check() };
  } catch (error) {
    return refusal('MySQL', servers.mysqlUrl, error);
  }
}

/** What a server that is there says, and will say again. */
const FINAL =
  /^(ER_ACCESS_DENIED_ERROR|ER_DBACCESS_DENIED_ERROR|ER_BAD_DB_ERROR|NOAUTH|WRONGPASS|NOPERM)/;

function refusal(server: string, url: string, error: unknown): Answer {
  const words = wordsOf(error);
  const isFinal = FINAL.test(words);
  const verb = isFinal ? 'refuses us' : 'does not answer';
  // The host only: the rest of a URL holds a password.
  return { sentence: `${server} at ${new URL(url).host} ${verb} (${words})`, isFinal, error };
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'AbortError') return 'nothing heard';
  // The message of a failed connection is empty if the host has several addresses.
  return 'code' in error ? String(error.code) : error.message;
}
