import { metricsPage } from './metrics-page.ts';
import { queueDocs } from './queue-docs.ts';

/** A file of the docs that code can tell better than people: never edited, always written anew. */
export interface GeneratedDoc {
  /** From the root of the checkout. */
  readonly path: string;
  text(): string;
}

/** All of them; `./scripts.sh docs` writes them, and a test asks whether it was forgotten. */
export const GENERATED: readonly GeneratedDoc[] = [
  ...queueDocs, // docs/queues/
  { path: 'docs/metrics.md', text: metricsPage },
];
