// Composition root: arguments to parts to run(signal). The only file that knows everyone.

import { type Command, ConfigError, readCommand, usage } from './config.ts';
import { KubeConfigError } from './kubernetes/kube-connection.ts';
import { createLogger } from './runtime/logger.ts';
import { run } from './run.ts';
import { revision, version } from './version.ts';

/** A clean stop that takes longer than this is not clean any more. */
const watchdogMs = 25_000;

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
      return runUntilStopped(settings, warnings);
  }
}

async function runUntilStopped(settings: Command['settings'], warnings: readonly string[]): Promise<void> {
  const log = createLogger({ level: settings['log-level'], format: settings['log-format'] });
  for (const warning of warnings) log.warn(warning);
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => {
      log.info({ signal: name }, 'stopping');
      stop.abort();
      // A second signal of the same kind ends the process at once, as Node does by default.
      setTimeout(() => process.kill(process.pid, 'SIGKILL'), watchdogMs).unref();
    });
  }
  await run(settings, log, stop.signal);
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
