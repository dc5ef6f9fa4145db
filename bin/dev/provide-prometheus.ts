import { dirname, join } from 'node:path';
import { findBinary, findInFolders, type Program } from './find-binary.ts';
import { unpackPackage } from './unpack-package.ts';

const PROMETHEUS: Program = {
  label: 'Prometheus',
  variable: 'PROMETHEUS',
  names: ['prometheus'],
  aptPackage: 'prometheus',
  brewPackage: 'prometheus',
};

export interface PrometheusPrograms {
  readonly prometheus: string;
  /** Checks rules and metrics; it comes with every Prometheus. */
  readonly promtool: string;
}

/**
 * The programs of a Prometheus on this machine; on Debian and Ubuntu they are fetched if there is
 * none. Its package starts a system service when it is installed, so it is only unpacked.
 *
 * @param options.home    Where it is unpacked, and found the next time.
 * @param options.places  See `findBinary`.
 */
export async function providePrometheus(options: {
  home: string;
  env: NodeJS.ProcessEnv;
  say(line: string): void;
  places?: readonly string[];
}): Promise<PrometheusPrograms> {
  const { env, places } = options;
  const found = await findBinary(PROMETHEUS, env, places);
  if (found) return withTool(found);

  const folder = join(options.home, 'prometheus');
  const unpacked = [join(folder, 'usr', 'bin')];
  const before = await findInFolders('prometheus', unpacked);
  if (before) return withTool(before);

  options.say('fetching the package prometheus into .camadas (once; nothing is installed)');
  await unpackPackage(PROMETHEUS.aptPackage, { folder, env });
  const fetched = await findInFolders('prometheus', unpacked);
  if (!fetched) throw new Error(WAYS_OUT);
  return withTool(fetched);
}

async function withTool(prometheus: string): Promise<PrometheusPrograms> {
  const promtool = await findInFolders('promtool', [dirname(prometheus)]);
  if (!promtool) throw new Error(`there is no promtool beside ${prometheus}, as there should be`);
  return { prometheus, promtool };
}

const WAYS_OUT =
  'no Prometheus found on this machine: install it (apt install prometheus; brew install ' +
  'prometheus), or name the program in PROMETHEUS.';
