import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { providePrometheus } from '../../../bin/dev/provide-prometheus.ts';
import { makeFolder } from './test-folder.ts';

/** An apt-get that has the package only after an update into lists of our own. */
const APT_GET = `
case "$*" in
  *Dir::State::Lists=*update*) : >"$HERE/updated" ;;
  *download*) [ -e "$HERE/updated" ] || { echo 'E: no such package' >&2; exit 100; }
    : >./prometheus_2_amd64.deb ;;
  *) exit 1 ;;
esac`;
/** A dpkg that unpacks, and knows no other word. */
const DPKG = `
[ "$1" = -x ] && [ -e "$2" ] || exit 1
/bin/mkdir -p "$3/usr/bin"
for name in prometheus promtool; do
  printf '#!/bin/sh\\n' >"$3/usr/bin/$name"; /bin/chmod 755 "$3/usr/bin/$name"
done`;

async function openMachine() {
  const bin = await makeFolder();
  const home = await makeFolder();
  const said: string[] = [];
  const env = { PATH: bin, HERE: bin };
  const say = (line: string) => void said.push(line);
  const provide = (given: Record<string, string> = {}) =>
    providePrometheus({ home, env: { ...env, ...given }, say, places: [] });
  return { bin, home, said, provide };
}

async function makeProgram(folder: string, name: string, script = 'exit 0'): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}

describe('providePrometheus', () => {
  it('takes the one that is named, or found, with the promtool beside it', async () => {
    const { bin, provide } = await openMachine();
    const promtool = await makeProgram(bin, 'promtool');
    const found = await makeProgram(bin, 'prometheus');
    expect(await provide()).toEqual({ prometheus: found, promtool });

    const mine = await makeProgram(join(bin, 'mine'), 'prometheus');
    await symlink(promtool, join(bin, 'mine', 'promtool'));
    expect((await provide({ PROMETHEUS: mine })).prometheus).toBe(mine);
  });

  it('unpacks the package of Debian where there is none, once, and installs nothing', async () => {
    const { bin, home, said, provide } = await openMachine();
    await makeProgram(bin, 'apt-get', APT_GET);
    await makeProgram(bin, 'dpkg', DPKG);
    const folder = join(home, 'prometheus', 'usr', 'bin');
    const programs = {
      prometheus: join(folder, 'prometheus'),
      promtool: join(folder, 'promtool'),
    };

    expect(await provide()).toEqual(programs);
    expect(await provide()).toEqual(programs);

    expect(said).toEqual([
      'fetching the package prometheus into .camadas (once; nothing is installed)',
    ]);
  });

  it('may be asked by several at once', async () => {
    const { bin, provide } = await openMachine();
    await makeProgram(bin, 'apt-get', APT_GET);
    await makeProgram(bin, 'dpkg', DPKG);

    const [one, other] = await Promise.all([provide(), provide()]);

    expect(one).toEqual(other);
  });

  it('tells the ways out where there is neither a Prometheus nor an apt-get', async () => {
    const { provide } = await openMachine();

    await expect(provide()).rejects.toThrow('install it (apt install prometheus; brew install');
  });
});
