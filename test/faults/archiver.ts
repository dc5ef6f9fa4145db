import { readConfig } from '../../config.ts';
import { openWiring } from '../../wiring.ts';

/** A process that archives whatever there is, however young, and ends when nothing is left. */
const wiring = openWiring(readConfig(process.env));
const { signal } = new AbortController();
process.send?.('ready');
for (;;) {
  const ripe = await wiring.archive.findRipe({ before: '2200-01-01T00:00:00.000Z' });
  if (ripe.length === 0) break;
  for (const batch of ripe) await wiring.archive.move(batch, { signal });
}
await wiring.close();
process.exit(0);
