// Composition root: arguments to parts to run(signal). The only file that knows everyone.

import { type Command, ConfigError, readCommand, usage } from './config.ts';
import { KubeConfigError } from './kubernetes/kube-connection.ts';
import { createLogger, type Logger } from './runtime/logger.ts';
import { stopSignal } from './runtime/stop-signals.ts';
import { purge } from './purge.ts';
import { run } from './run.ts';
import { revision, version } from './version.ts';

async function main(args: readonly string[]): Promise<void> {
  const { command, settings, warnings } = readCommand(args);
  switch (command) {
    case 'help':
      process.stdout.write(usage());
      return;
    case 'version':
      process.stdout.write(`pan-tag-operator ${version} (Node ${process.version}, revision ${revision()})\n`);
      return;
    case 'run':
      return untilStopped(run, { settings, warnings, to: 1 });
    case 'purge':
      // What it did stands on standard output, how it goes on standard error.
      return untilStopped(purgeAll, { settings, warnings, to: 2 });
  }
}

async function purgeAll(settings: Command['settings'], log: Logger, signal: AbortSignal): Promise<void> {
  const clean = await purge({ settings, log, tell: (line) => process.stdout.write(`${line}\n`) }, signal);
  if (!clean) process.exitCode = 1;
}

type Work = (settings: Command['settings'], log: Logger, signal: AbortSignal) => Promise<void>;
type Start = Pick<Command, 'settings' | 'warnings'> & { readonly to: 1 | 2 };

async function untilStopped(work: Work, { settings, warnings, to }: Start): Promise<void> {
  const log = createLogger({ level: settings['log-level'], format: settings['log-format'], to });
  for (const warning of warnings) log.warn(warning);
  await work(settings, log, stopSignal(log));
  log.info('stopped');
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof ConfigError) process.stderr.write(`${error.message}\nSee --help.\n`);
  else if (error instanceof KubeConfigError) process.stderr.write(`${error.message}\n`);
  else process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
}
