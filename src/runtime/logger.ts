// The root logger: JSON lines or pretty ones, with secrets kept out by name.

import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

export type { Logger };

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export const logFormats = ['json', 'pretty'] as const;

type LoggerOptions = {
  readonly level: (typeof logLevels)[number];
  readonly format: (typeof logFormats)[number];
  /** A file descriptor: 1 (standard output, the default) or 2. */
  readonly to?: 1 | 2;
};

// Nothing that holds a secret is logged on purpose; this is the second lock.
const secretFields = ['apiKey', 'password', 'key', 'token', 'authorization', 'headers', 'cmd'];

export function createLogger({ level, format, to = 1 }: LoggerOptions): Logger {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: secretFields.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]),
  };
  if (format === 'json') return pino(options, pino.destination(to));
  const { isTTY } = to === 1 ? process.stdout : process.stderr;
  return pino(options, pretty({ colorize: isTTY, singleLine: true, sync: true, destination: to }));
}
