import { Worker } from 'node:worker_threads';
import type { Questions } from './segment-worker.ts';

/** A thread that encodes and decodes Segments, so that the event loop has its time for others. */
export interface SegmentThread {
  ask<Kind extends keyof Questions>(
    kind: Kind,
    ...given: Parameters<Questions[Kind]>
  ): Promise<ReturnType<Questions[Kind]>>;
  hasEnded(): boolean;
  close(): Promise<void>;
}

interface Waiting {
  resolve(result: never): void;
  reject(error: Error): void;
}

export function openSegmentThread(): SegmentThread {
  const worker = new Worker(new URL('./segment-worker.ts', import.meta.url));
  worker.unref(); // While somebody waits for an answer, see below, it keeps the process alive.
  const waiting: Waiting[] = [];
  let end: Error | null = null;

  worker.on('message', (answer: { result: unknown } | { fault: string }) => {
    const next = waiting.shift();
    if (waiting.length === 0) worker.unref();
    if ('fault' in answer) next?.reject(new Error(answer.fault));
    else next?.resolve(answer.result as never);
  });
  worker.on('error', failAll);
  worker.on('exit', () => failAll(new Error('the thread that encodes Segments has ended')));

  function failAll(error: Error): void {
    end ??= error;
    for (const one of waiting.splice(0)) one.reject(end);
  }

  return {
    ask(kind, ...given) {
      if (end) return Promise.reject(end);
      return new Promise((resolve, reject) => {
        // Its answers come in the order of the questions, each of the kind that was asked.
        worker.ref();
        waiting.push({ resolve, reject });
        worker.postMessage({ kind, given: given[0] });
      });
    },
    hasEnded: () => end !== null,
    async close() {
      await worker.terminate();
    },
  };
}
