import { setTimeout as pause } from 'node:timers/promises';
import { backoffMs } from '../domain/backoff.ts';
import { faultCode } from './faults.ts';

const ATTEMPTS_MAX = 8;
const PAUSE_MS = { base: 10, max: 500 };
const LOCKED = ['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT'];

/**
 * Does a transaction again that MySQL ended for the sake of another one. InnoDB locks gaps between
 * rows as well, so even those who move different Companies' Messages can meet.
 *
 * @param work One whole transaction, or one statement.
 */
export async function retryDeadlocks<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!LOCKED.includes(faultCode(error)) || attempt === ATTEMPTS_MAX) throw error;
      await pause(backoffMs(attempt, PAUSE_MS, Math.random()));
    }
  }
}
