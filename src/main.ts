// Entry point: reads the arguments, starts the command, and turns its end into an exit code.

import { createInterface } from 'node:readline/promises';
import { type Command, readCommand } from './config/config.ts';
import { completionScript } from './config/completion.ts';
import { usage } from './config/usage.ts';
import { ConfigError } from './config/config-error.ts';
import { KubeConfigError } from './kubernetes/client/kube-connection.ts';
import { ListenError } from './runtime/http-server.ts';
import { createLogger, type Logger } from './runtime/logger.ts';
import { stopSignal } from './runtime/stop-signals.ts';
import { check } from './commands/check.ts';
import { diff } from './commands/diff.ts';
import { purge } from './commands/purge.ts';
import { run } from './commands/run.ts';
import { revision, version } from './version.ts';

async function main(args: readonly string[]): Promise<void> {
  const { command, settings, warnings, ...requests } = readCommand(args);
  switch (command) {
    case 'help':
      process.stdout.write(usage());
      return;
    case 'completion':
      process.stdout.write(completionScript(requests.shell ?? 'bash'));
      return;
    case 'version':
      process.stdout.write(`pan-tag-operator ${version} (Node ${process.version}, revision ${revision()})\n`);
      return;
    case 'run':
      return untilStopped(run, { settings, warnings, to: 1 });
    case 'purge':
      // What it did stands on standard output, how it goes on standard error.
      return untilStopped(purgeWith(requests.purge), { settings, warnings, to: 2 });
    case 'diff':
      return untilStopped(diffWith(requests.diff), answering({ settings, warnings }));
    case 'check':
      return untilStopped(checkWith(requests.check), answering({ settings, warnings }));
  }
}

const tell = (line: string) => process.stdout.write(`${line}\n`);

/** Who reads no further, such as head, has what they wanted: the rest is not written, and the exit code stays. */
function endQuietlyWithoutReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

function checkWith(request: Command['check']): Work {
  return async (settings, log, signal) => {
    process.exitCode = await check({ settings, request, log, tell }, signal);
  };
}

function diffWith(request: Command['diff']): Work {
  return async (settings, log, signal) => {
    // Also should it end by a bug: 1 would say that something differs.
    process.exitCode = 2;
    process.exitCode = await diff({ settings, request, log, tell }, signal);
  };
}

function purgeWith(request: Command['purge']): Work {
  return async (settings, log, signal) => {
    const ask = process.stdin.isTTY && process.stdout.isTTY ? askAtTerminal : undefined;
    process.exitCode = await purge({ settings, request, log, tell, ask }, signal);
  };
}

async function askAtTerminal(question: string, signal: AbortSignal): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(?:es)?$/i.test((await terminal.question(question, { signal })).trim());
  } finally {
    terminal.close();
  }
}

type Work = (settings: Command['settings'], log: Logger, signal: AbortSignal) => Promise<void>;
type Start = Pick<Command, 'settings' | 'warnings'> & {
  readonly to: 1 | 2;
  /** Default: what the settings say. */
  readonly level?: Command['settings']['log-level'];
};

/** A command whose output is an answer logs warnings, or what it is asked for. */
function answering({ settings, warnings }: Omit<Start, 'to'>): Start {
  const asked = settings['log-level'];
  return { settings, warnings, to: 2, level: asked === 'info' ? 'warn' : asked };
}

async function untilStopped(
  work: Work,
  { settings, warnings, to, level = settings['log-level'] }: Start,
): Promise<void> {
  if (to === 2) endQuietlyWithoutReader();
  const log = createLogger({ level, format: settings['log-format'], to });
  for (const warning of warnings) log.warn(warning);
  for (const entry of settings.proxy.unreadable) log.warn({ entry }, 'NO_PROXY entry not understood');
  await work(settings, log, stopSignal(log));
  // The answer of a command is its last word.
  if (to === 1) log.info('stopped');
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = error instanceof ConfigError ? 2 : (process.exitCode ?? 1);
  if (error instanceof ConfigError) process.stderr.write(`${error.message}\nSee --help.\n`);
  else if (error instanceof Error && error.name === 'AbortError') process.stderr.write('interrupted\n');
  else if (error instanceof KubeConfigError) process.stderr.write(`${error.message}\n`);
  else if (error instanceof ListenError)
    process.stderr.write(`--http-address (PANTAG_HTTP_ADDRESS): ${error.message}\n`);
  else process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}
