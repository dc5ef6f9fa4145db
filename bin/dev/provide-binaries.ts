import { findApt } from './apt.ts';
import { findBinary } from './find-binary.ts';
import type { Program } from './find-binary.ts';

/**
 * The path of each program; on Debian and Ubuntu, what is missing is installed first.
 *
 * @param places  Folders to look through after PATH; those where servers usually are, by default.
 * @throws        If a program is missing and cannot be installed, with the ways out.
 */
export async function provideBinaries(
  programs: Iterable<Program>,
  options: { env: NodeJS.ProcessEnv; say(line: string): void; places?: readonly string[] },
): Promise<Map<Program, string>> {
  const { env, places } = options;
  const found = await findBinaries(programs, env, places);
  const missing = [...programs].filter((program) => !found.has(program));
  if (missing.length === 0) return found;

  const install = await findApt(env);
  if (!install) throw new Error(waysOut(missing));
  const packages = missing.map((program) => program.aptPackage);
  options.say(
    `installing ${packages.join(' and ')} with apt-get (programs only, no system service)`,
  );
  await install(packages);

  const all = await findBinaries(programs, env, places);
  const still = missing.filter((program) => !all.has(program));
  if (still.length > 0) throw new Error(waysOut(still));
  return all;
}

async function findBinaries(
  programs: Iterable<Program>,
  env: NodeJS.ProcessEnv,
  places: readonly string[] | undefined,
): Promise<Map<Program, string>> {
  const found = new Map<Program, string>();
  for (const program of programs) {
    const path = await findBinary(program, env, places);
    if (path) found.set(program, path);
  }
  return found;
}

function waysOut(missing: readonly Program[]): string {
  const labels = missing.map((program) => `no ${program.label} server`).join(' and ');
  const apt = missing.map((program) => program.aptPackage).join(' ');
  const brew = missing.map((program) => program.brewPackage).join(' ');
  return (
    `${labels} found on this machine. Start them with Docker Compose (docker compose up -d), ` +
    `or install them (apt install ${apt}; brew install ${brew}), ` +
    `or name running ones in MYSQL_URL, QUEUE_REDIS_URL and CACHE_REDIS_URL.`
  );
}
