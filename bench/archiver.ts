import { readConfig } from '../config.ts';
import type { ArchiveBatch } from '../domain/archive.ts';
import { openWiring } from '../wiring.ts';

/**
 * Moves Messages as the Fleet does, in a process of its own, as long as its parent lets it: told `go`
 * or `rest`, it goes on or rests after the transaction at hand. Argument: the batches, as JSON.
 */
const batches = JSON.parse(process.argv[2] ?? '[]') as ArchiveBatch[];
const { signal } = new AbortController();
const wiring = openWiring(readConfig(process.env));

let gate = Promise.withResolvers<void>();
process.on('message', (word) => {
  if (word === 'go') gate.resolve();
  else gate = Promise.withResolvers();
});
process.once('disconnect', () => process.exit());

const onMoved = (moved: number) => void process.send?.({ moved });
for (const batch of batches) {
  await gate.promise;
  await wiring.archive.move(batch, {
    signal,
    onMoved,
    async breathe(tookMs) {
      await wiring.archive.breathe(tookMs, signal);
      await gate.promise;
    },
  });
}
await wiring.close();
process.disconnect();
