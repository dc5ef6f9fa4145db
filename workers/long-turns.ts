import { PipelineError } from '../domain/errors.ts';

/** Lets one long job of a process work at a time. */
export interface LongTurns {
  /**
   * @throws PipelineError `TURN_TAKEN` if another one is at work and does not end soon: this one gives
   *                       its place back, and comes again.
   */
  take<Result>(work: () => Promise<Result>): Promise<Result>;
}

const COME_AGAIN_MS = 5_000;

/**
 * Long jobs one after the other, so that they never hold all places of their queue. Most of them take
 * less than `patienceMs`, so the next one waits where it is; were it sent back at once, ten thousand
 * of a night would be taken and sent back again and again.
 */
export function openLongTurns(patienceMs: number): LongTurns {
  let current: Promise<unknown> | null = null;

  return {
    async take(work) {
      const until = performance.now() + patienceMs;
      for (let before = current; before; before = current) {
        if (!(await endsWithin(before, until - performance.now()))) throw turnTaken();
      }
      const turn = work();
      current = turn.catch(() => {}).finally(() => (current = null));
      return turn;
    },
  };
}

async function endsWithin(turn: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), Math.max(0, timeoutMs));
  return Promise.race([turn.then(() => true), late]).finally(() => clearTimeout(timer));
}

const turnTaken = () =>
  new PipelineError('TURN_TAKEN', 'another long job of this process is at work', {
    retry: { afterMs: COME_AGAIN_MS },
  });
