import { parseArgs } from 'node:util';

export interface BenchFlags {
  /** What follows the flags. */
  readonly files: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  readonly isJson: boolean;
}

/**
 * The flags of a benchmark.
 *
 * @returns Null after the help was asked for, and shown.
 */
export function readFlags(
  help: string,
  standard: { rounds: number; seconds: number },
): BenchFlags | null {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '' },
      seconds: { type: 'string', default: '' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${help}\n`);
    return null;
  }
  return {
    files: positionals,
    rounds: Math.max(1, Number(values.rounds) || standard.rounds),
    seconds: Math.max(1, Number(values.seconds) || standard.seconds),
    isJson: values.json,
  };
}

/** One round after the other, each told as it ends. */
export async function repeat<Round>(
  rounds: number,
  measure: () => Promise<Round>,
): Promise<Round[]> {
  const measured: Round[] = [];
  for (let nth = 1; nth <= rounds; nth += 1) {
    const round = await measure();
    say(`round ${nth} of ${rounds}: ${JSON.stringify(round, (_, value: unknown) => terse(value))}`);
    measured.push(round);
  }
  return measured;
}

export const say = (line: string) => void process.stderr.write(`${line}\n`);

/** Three digits are enough to watch, and of many values how many they are. */
function terse(value: unknown): unknown {
  if (Array.isArray(value)) return `${value.length} values`;
  return typeof value === 'number' ? Number(value.toPrecision(3)) : value;
}
