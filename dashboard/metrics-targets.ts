import type { Heartbeat } from '../queues/inspect.ts';

/** One group of what Prometheus calls HTTP service discovery. */
export interface TargetGroup {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** Where Prometheus finds the metrics of each Fleet process that is alive now. */
export function metricsTargets(heartbeats: readonly Heartbeat[]): TargetGroup[] {
  const targets = heartbeats.flatMap((heartbeat) => metricsAddress(heartbeat) ?? []);
  return [{ targets: targets.toSorted(), labels: { job: 'camadas-fleet' } }];
}

/** @returns `host:port`; null for a process that does not say, as those of before did. */
export function metricsAddress({ host, metricsHost, metricsPort }: Heartbeat): string | null {
  if (metricsPort === undefined) return null;
  const name = metricsHost ?? host;
  return name.includes(':') ? `[${name}]:${metricsPort}` : `${name}:${metricsPort}`;
}
