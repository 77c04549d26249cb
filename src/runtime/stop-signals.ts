// The signals that ask for a stop, and the end of a stop that hangs.

import type { Logger } from './logger.ts';

/** A clean stop that takes longer than this is not clean any more; the kubelet kills after 30 s by default. */
const watchdogMs = 25_000;
const signals = ['SIGTERM', 'SIGINT'] as const;

/**
 * The signal aborts with the first SIGTERM or SIGINT. A second one, or a stop that hangs, ends the process with exit code 1.
 * As process 1 of a container the kernel keeps every signal without a handler from a process, SIGKILL of its own too, so
 * both end by exit.
 */
export function stopSignal(log: Logger, hangsAfterMs = watchdogMs): AbortSignal {
  const stop = new AbortController();
  const end = (why: string) => {
    log.error({ why }, 'stop not completed');
    process.exit(1);
  };
  const begin = (name: string) => {
    log.info({ signal: name }, 'stopping');
    stop.abort();
    setTimeout(() => end(`not stopped within ${hangsAfterMs / 1000} s`), hangsAfterMs).unref();
  };
  for (const name of signals) {
    process.on(name, () => (stop.signal.aborted ? end(`a second signal: ${name}`) : begin(name)));
  }
  return stop.signal;
}
