import { openBreakerStore } from './breaker-store.ts';
import { openFileStore } from './file-store.ts';
import { openHedgedStore } from './hedged-store.ts';
import { openS3Store } from './s3-store.ts';
import type { ColdStore } from './store.ts';

/** @param url `file:///folder`, or `s3://bucket/prefix?endpoint=…&region=…`; see `openS3Store`. */
export function openColdStore(url: string): ColdStore {
  return url.startsWith('s3:')
    ? openHedgedStore(openBreakerStore(openS3Store(url)))
    : openFileStore(url);
}
