import { metricsAddress } from '../../dashboard/metrics-targets.ts';
import type { TestHouse } from '../house.ts';

/** One line of what Prometheus reads. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_]\w*)(?:\{(.*)\})? (\S+)$/;

/** @throws Error If a line is neither a comment nor a sample. */
export function samplesOf(text: string): Sample[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => {
    const [, name, labels = '', value] = LINE.exec(line) ?? [];
    if (name === undefined) throw new Error(`no sample: ${line}`);
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
    const named = Object.fromEntries(pairs.map(([, label, words]) => [label, words]));
    return { name, labels: named, value: Number(value) };
  });
}

/** The value of the one series with this name and these labels; undefined if there is none. */
export function valueOf(
  text: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const wanted = Object.entries(labels);
  return samplesOf(text).find(
    (sample) =>
      sample.name === name && wanted.every(([label, value]) => sample.labels[label] === value),
  )?.value;
}

/** What a running Fleet process shows to whoever asks at the address it tells the others. */
export async function scrapeFleet(house: TestHouse): Promise<string> {
  const [heartbeat] = await house.wiring.queue.inspector.heartbeats();
  const address = heartbeat ? metricsAddress(heartbeat) : null;
  return (await fetch(`http://${address}/metrics`)).text();
}
