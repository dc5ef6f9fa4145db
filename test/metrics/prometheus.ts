import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findFreePort } from '../../bin/dev/free-port.ts';
import { ALERTS } from '../../bin/metrics-page.ts';
import { eventually } from '../house.ts';

/** One series of an answer. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

export type Prometheus = Awaited<ReturnType<typeof openPrometheus>>;

const HOME = join(import.meta.dirname, '../../.camadas');
const READY_MS_MAX = 30_000;

/** A Prometheus of one test: asks every second, keeps all in a folder that goes with it. */
export async function openPrometheus(options: {
  program: string;
  /** The HTTP process's metrics, and the list of the Fleet's. */
  http: { address: string; token: string };
}) {
  await mkdir(HOME, { recursive: true });
  const folder = await mkdtemp(join(HOME, 'prometheus-'));
  await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(configOf(options.http)));
  const port = await findFreePort();
  const child = spawn(options.program, argumentsFor(folder, port), {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const endWithUs = () => void child.kill('SIGKILL');
  process.once('exit', endWithUs);
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)));
  const ended = once(child, 'close');

  async function ask(path: string, parameters: Record<string, string> = {}): Promise<unknown> {
    const query = new URLSearchParams(parameters).toString();
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${path}?${query}`);
    const { status, data, error } = (await answer.json()) as Record<string, unknown>;
    if (status !== 'success') throw new Error(`${path} ${query}: ${String(error)}`);
    return data;
  }

  await eventually(
    async () => {
      if (child.exitCode !== null) throw new Error(`Prometheus ended: ${said}`);
      return ask('status/buildinfo').catch(() => null);
    },
    (answer) => answer !== null,
    READY_MS_MAX,
  );

  return {
    ask,
    /** What a panel of a dashboard would get now. */
    async query(query: string): Promise<Series[]> {
      const data = (await ask('query', { query })) as { result: Answer[] };
      return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    },
    async close(): Promise<void> {
      child.kill('SIGTERM');
      await ended;
      process.off('exit', endWithUs);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface Answer {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** JSON, which is YAML too. */
function configOf({ address, token }: { address: string; token: string }): object {
  // Without its type, Prometheus 2.42 sends the bare token to the list of targets.
  const authorization = { type: 'Bearer', credentials: token };
  return {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [ALERTS],
    scrape_configs: [
      { job_name: 'camadas-http', authorization, static_configs: [{ targets: [address] }] },
      {
        job_name: 'camadas-fleet',
        authorization,
        // The list has its own token: that of the scrapes is not sent for it.
        http_sd_configs: [
          { url: `http://${address}/metrics/targets`, authorization, refresh_interval: '1s' },
        ],
      },
    ],
  };
}

function argumentsFor(folder: string, port: number): string[] {
  return [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=warn',
  ];
}
