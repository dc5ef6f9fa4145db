import { isBuiltin } from 'node:module';
import { matchesGlob } from 'node:path';

import { faultAt, importsOf, isCode } from './source.ts';
import type { Fault, Import, SourceFile } from './source.ts';

interface Direction {
  readonly from: string;
  /** What these files may import besides their own folder. */
  readonly to: readonly string[];
  /** What they may only name in an `import type`. */
  readonly types?: readonly string[];
}

const HOUSE = [
  '{domain,queues,db,summaries,workers,dashboard}/**',
  '{config,metrics,observers,wiring,await-servers,entry}.ts',
];
const FRAME = ['metrics.ts', 'observers.ts', 'wiring.ts', 'config.ts', 'entry.ts'];
const WINDOWS = ['domain/**', 'queues/**', 'db/**', 'metrics.ts', 'observers.ts'];

/** Which way imports run. The first row that matches a file is its row. */
const DIRECTIONS: readonly Direction[] = [
  { from: 'domain/**', to: [] },
  { from: 'config.ts', to: [] },
  { from: 'metrics.ts', to: [] },
  { from: 'observers.ts', to: ['metrics.ts'] },
  { from: 'queues/**', to: ['domain/**'] },
  { from: 'summaries/**', to: ['domain/**'] },
  { from: 'db/**', to: ['domain/**'], types: ['metrics.ts'] },
  {
    from: 'wiring.ts',
    to: ['metrics.ts', 'observers.ts', 'queues/**', 'db/**', 'summaries/**'],
    types: ['config.ts', 'domain/**'],
  },
  { from: 'await-servers.ts', to: ['domain/**'] },
  {
    from: 'entry.ts',
    to: ['await-servers.ts', 'config.ts', 'queues/**'],
    types: ['wiring.ts'],
  },
  {
    from: 'workers/{index,fleet,health,main,metrics-server,run}.ts',
    to: ['domain/**', 'queues/**', ...FRAME],
  },
  // A processor gets everything in its Deps, so that it runs without Redis and MySQL.
  { from: 'workers/**', to: ['domain/**'], types: ['queues/**', 'summaries/summarizer.ts'] },
  { from: 'dashboard/{main,run}.ts', to: [...WINDOWS, ...FRAME] },
  { from: 'dashboard/**', to: WINDOWS },
  // The package of chatbots, its HTTP half: it is to load next to nothing.
  {
    from: 'client/**',
    to: ['domain/{backoff,errors,message-id}.ts'],
    types: ['domain/**'],
  },
  { from: 'bin/**', to: [...HOUSE, 'client/**'] },
  { from: 'bench/**', to: [...HOUSE, 'bin/**'] },
  { from: 'test/**', to: ['**'] },
  { from: '*.config.ts', to: ['**'] },
];

/** Which files may use a library. One that is not listed may only help in `bin`. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  bullmq: ['queues/{open-queues,enqueue}.ts', 'workers/fleet.ts', 'dashboard/board.ts', 'bin/**'],
  'cron-parser': ['queues/due-moments.ts'],
  zod: ['domain/**', 'queues/**', 'summaries/**', 'dashboard/**', 'config.ts', 'bin/**'],
  ioredis: ['queues/connection.ts', 'db/cache/**', 'bin/dev/**'],
  kysely: ['db/**', 'bin/dev/**'],
  mysql2: ['db/**', 'bin/dev/**'],
  'lru-cache': ['db/**', 'dashboard/{keyring,rate-limit}.ts'],
  hyparquet: ['db/cold/{segment,segment-footer,encode-segment}.ts'],
  'hyparquet-writer': ['db/cold/encode-segment.ts'],
  '@aws-sdk/client-s3': ['db/cold/s3-store.ts'],
  '@duckdb/node-api': ['bin/query/**'],
  stopword: ['summaries/built-in/words.ts'],
  tinyld: ['summaries/built-in/detect-language.ts'],
  openai: ['summaries/language-model/{client,dialects}.ts'],
  express: ['dashboard/**'],
  helmet: ['dashboard/app.ts'],
  compression: ['dashboard/app.ts'],
  'rate-limiter-flexible': ['dashboard/{rate-limit,lockout}.ts'],
  '@bull-board/api': ['dashboard/board.ts'],
  '@bull-board/express': ['dashboard/board.ts'],
  'prom-client': ['metrics.ts'],
  pino: ['entry.ts', 'workers/**', 'dashboard/**', 'bin/**'],
};
/** These may use any library. */
const OPEN_HOUSE = ['{bench,test}/**', '*.config.ts'];

/** `domain` is pure: no file, no network, no clock. */
const DOMAIN_BUILTINS = ['node:crypto', 'node:buffer'];

/** Own files: only along the rows of DIRECTIONS. */
export function wrongDirections(files: readonly SourceFile[]): Fault[] {
  return files.filter(isCode).flatMap((file) => {
    const row = DIRECTIONS.find(({ from }) => matchesGlob(file.path, from));
    if (!row) return [faultAt(file, 0, 'has no row in the import table')];

    return importsOf(file).flatMap((wanted) => {
      const reason = wanted.own ? whyNot(row, file, wanted) : whyNotBuiltin(file, wanted);
      return reason ? [faultAt(file, wanted.offset, reason)] : [];
    });
  });
}

/** Libraries: each only where it has its door. */
export function closedDoors(files: readonly SourceFile[]): Fault[] {
  const judged = files.filter((file) => isCode(file) && !matchesAny(file.path, OPEN_HOUSE));
  return judged.flatMap((file) =>
    importsOf(file).flatMap((wanted) => {
      const reason = whyNotLibrary(file, wanted);
      return reason ? [faultAt(file, wanted.offset, reason)] : [];
    }),
  );
}

/** One fault for each import that closes a circle. Type imports count: they tie readers too. */
export function importCycles(files: readonly SourceFile[]): Fault[] {
  const code = new Map(files.filter(isCode).map((file) => [file.path, file]));
  const walked = new Set<string>();
  const faults: Fault[] = [];

  const walk = (file: SourceFile, trail: readonly string[]) => {
    if (walked.has(file.path)) return;
    for (const { target, offset } of importsOf(file)) {
      const next = code.get(target);
      const start = trail.indexOf(target);
      if (start >= 0) {
        const circle = [...trail.slice(start), target].join(' → ');
        faults.push(faultAt(file, offset, `closes the circle ${circle}`));
      } else if (next) walk(next, [...trail, target]);
    }
    walked.add(file.path);
  };
  for (const file of code.values()) walk(file, [file.path]);
  return faults;
}

function whyNot(row: Direction, file: SourceFile, wanted: Import): string | null {
  const { target, typeOnly } = wanted;
  if (!target.endsWith('.ts') || isNeighbour(file.path, target)) return null;
  if (matchesAny(target, row.to)) return null;
  if (!matchesAny(target, row.types ?? [])) return `${row.from} may not import ${target}`;
  return typeOnly ? null : `${row.from} may import ${target} only with "import type"`;
}

function whyNotBuiltin(file: SourceFile, { target }: Import): string | null {
  if (!matchesGlob(file.path, 'domain/**') || !isBuiltin(target)) return null;
  return DOMAIN_BUILTINS.includes(target) ? null : `domain is pure: it may not import ${target}`;
}

function whyNotLibrary(file: SourceFile, { target, own }: Import): string | null {
  if (own || isBuiltin(target)) return null;
  const doors = DOORS[target];
  if (matchesAny(file.path, doors ?? ['bin/**'])) return null;
  return `imports ${target}, ${doors ? `whose door is ${doors.join(', ')}` : 'which has no door'}`;
}

function isNeighbour(path: string, target: string): boolean {
  const [folder, inside] = path.split('/');
  return inside !== undefined && target.startsWith(`${folder}/`);
}

const matchesAny = (path: string, globs: readonly string[]) =>
  globs.some((glob) => matchesGlob(path, glob));
