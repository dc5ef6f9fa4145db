import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { z } from 'zod';

/** One flag of a command, and how it is explained. */
export interface Flag {
  readonly type: 'string' | 'boolean';
  /** What stands for the value in the help, e.g. `ID`. */
  readonly value?: string;
  readonly help: string;
}

/** What a command may use of the world. */
export interface Context {
  readonly env: NodeJS.ProcessEnv;
  /** Folder of the checkout. */
  readonly home: string;
  /** Results: one line on standard output. */
  print(line: string): void;
  /** All else: one line on standard error. */
  say(line: string): void;
  /** Aborts at Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** What follows the name, e.g. `FILE…`; empty if only flags do. */
  readonly operands: string;
  readonly flags: Readonly<Record<string, Flag>>;
  /** Returns the exit status. */
  run(args: readonly string[], context: Context): Promise<number>;
}

/** A fault of the caller: one sentence, no stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * States a command: its flags as a schema, its work as one function. The operands reach the schema
 * under the name `operands`.
 */
export function defineCommand<Schema extends z.ZodType>(command: {
  name: string;
  summary: string;
  operands?: string;
  flags: Record<string, Flag>;
  schema: Schema;
  run(flags: z.output<Schema>, context: Context): Promise<number>;
}): Command {
  return {
    ...command,
    operands: command.operands ?? '',
    run: (args, context) => command.run(parse(command, args), context),
  };
}

export const jsonFlag = {
  json: { type: 'boolean', help: 'print one JSON object instead of a table' },
} as const;

export function helpOf(command: Command): string {
  const flags = Object.entries(command.flags).map(([name, flag]) => {
    const usage = flag.type === 'string' ? `--${name} ${flag.value ?? 'VALUE'}` : `--${name}`;
    return `  ${usage.padEnd(24)} ${flag.help}`;
  });
  const usage = ['./scripts.sh', command.name, command.operands, '[flags]']
    .filter(Boolean)
    .join(' ');
  return [`${usage}\n`, `${command.summary}.`, '', ...flags].join('\n');
}

function parse<Schema extends z.ZodType>(
  command: { name: string; operands?: string; flags: Record<string, Flag>; schema: Schema },
  args: readonly string[],
): z.output<Schema> {
  const options: ParseArgsOptionsConfig = Object.fromEntries(
    Object.entries(command.flags).map(([name, { type }]) => [name, { type }]),
  );
  const parsed = command.schema.safeParse(readArgs(command.name, args, options));
  if (parsed.success) return parsed.data;

  const issue = parsed.error.issues[0];
  const field = String(issue?.path[0] ?? '');
  const where = field === 'operands' ? (command.operands ?? 'arguments') : `--${field}`;
  throw new UsageError(`${where}: ${issue?.message}; see ./scripts.sh ${command.name} --help`);
}

function readArgs(name: string, args: readonly string[], options: ParseArgsOptionsConfig) {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    return { ...values, operands: positionals };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('. ')[0] : String(error);
    throw new UsageError(`${reason}; see ./scripts.sh ${name} --help`);
  }
}
