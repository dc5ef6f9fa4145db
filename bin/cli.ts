import { join } from 'node:path';
import { type Command, type Context, helpOf, UsageError } from './command.ts';
import { ages } from './commands/ages.ts';
import { archive } from './commands/archive.ts';
import { bench } from './commands/bench.ts';
import { clearCache } from './commands/clear-cache.ts';
import { demo } from './commands/demo.ts';
import { docs } from './commands/docs.ts';
import { env } from './commands/env.ts';
import { keys } from './commands/keys.ts';
import { messages } from './commands/messages.ts';
import { migrateMessages } from './commands/migrate-messages.ts';
import { patterns } from './commands/patterns.ts';
import { query } from './commands/query.ts';
import { redrive } from './commands/redrive.ts';
import { replay } from './commands/replay.ts';
import { restore } from './commands/restore.ts';
import { schedule } from './commands/schedule.ts';
import { services } from './commands/services.ts';
import { start } from './commands/start.ts';
import { stats } from './commands/stats.ts';
import { status } from './commands/status.ts';
import { summarize } from './commands/summarize.ts';
import { test } from './commands/test.ts';
import { verify } from './commands/verify.ts';

const COMMANDS = [
  demo,
  start,
  replay,
  messages,
  summarize,
  stats,
  patterns,
  keys,
  status,
  redrive,
  clearCache,
  archive,
  schedule,
  ages,
  verify,
  restore,
  query,
  migrateMessages,
  services,
  env,
  bench,
  docs,
  test,
];

const interrupted = new AbortController();
// The first Ctrl-C ends the command cleanly; the second one ends it at once.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (interrupted.signal.aborted) process.exit(130);
    interrupted.abort();
  });
}

// Whoever reads no further, such as `head`, has all that it wants.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  interrupted.abort();
});

process.exitCode = await main(process.argv.slice(2), {
  env: process.env,
  home: join(import.meta.dirname, '..'),
  print: (line) => void process.stdout.write(`${line}\n`),
  say: (line) => void process.stderr.write(`${line}\n`),
  signal: interrupted.signal,
});

async function main(args: readonly string[], context: Context): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === 'help' || name === '--help') {
    context.print(overview());
    return 0;
  }
  const command = COMMANDS.find((one) => one.name === name);
  if (!command) {
    context.say(`there is no command ${name}; ./scripts.sh help lists those there are`);
    return 2;
  }
  const isHelpAsked =
    rest.includes('--help') && !rest.slice(0, rest.indexOf('--help')).includes('--');
  if (isHelpAsked) {
    context.print(helpOf(command));
    return 0;
  }
  return runCommand(command, rest, context);
}

async function runCommand(command: Command, args: string[], context: Context): Promise<number> {
  try {
    return await command.run(args, context);
  } catch (error) {
    if (context.signal.aborted) return 130;
    const sentence = error instanceof Error ? error.message : String(error);
    context.say(context.env['DEBUG'] && error instanceof Error ? (error.stack ?? '') : sentence);
    return error instanceof UsageError ? 2 : 1;
  }
}

function overview(): string {
  const lines = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(16)} ${summary}`);
  return ['./scripts.sh COMMAND [flags]', '', ...lines, '', 'Each has --help.'].join('\n');
}
