// Flags of single commands: on the command line alone, as each run says anew what it is to do.

import { ConfigError } from './config-error.ts';

export const commands = ['run', 'check', 'diff', 'purge', 'version', 'help'] as const;
export type CommandName = (typeof commands)[number];

type Flag = {
  readonly of: readonly CommandName[];
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly describe: string;
};

export const commandFlags: Readonly<Record<string, Flag>> = {
  yes: {
    of: ['purge'],
    type: 'boolean',
    describe: 'do not ask for confirmation; required without a terminal',
  },
  'dry-run': { of: ['purge'], type: 'boolean', describe: 'list what would be done, and exit' },
  'take-over': {
    of: ['purge'],
    type: 'boolean',
    describe:
      'purge although an operator renews the Lease; a running operator registers everything again afterwards',
  },
  timeout: {
    of: ['purge', 'diff'],
    type: 'string',
    describe:
      'in seconds: of purge the upper limit of spec.purgeTimeoutSeconds, of diff for everything (default: 60)',
  },
  output: { of: ['check'], type: 'string', short: 'o', describe: 'text, json (default: text)' },
};

/** What parseArgs made of the flags. */
type Given = Readonly<Record<string, unknown>>;

export type PurgeRequest = {
  /** PanFirewalls; none: all of them. */
  readonly names: readonly string[];
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly takeOver: boolean;
  readonly timeoutSeconds: number | undefined;
};

export type CheckRequest = {
  /** PanFirewalls; none: all of them. */
  readonly names: readonly string[];
  readonly output: 'text' | 'json';
};

export type DiffRequest = {
  /** PanFirewalls; none: all of them. */
  readonly names: readonly string[];
  readonly timeoutSeconds: number;
};

const takesNames: ReadonlySet<CommandName> = new Set(['purge', 'check', 'diff']);

/** @throws ConfigError for a flag or an argument that the command does not take. */
export function refuseForeign(command: CommandName, given: Given, names: readonly string[]): void {
  if (names.length > 0 && !takesNames.has(command))
    throw new ConfigError(`"${command}" takes no arguments, but got "${names.join(' ')}"`);
  for (const [name, { of }] of Object.entries(commandFlags))
    if (!of.includes(command) && given[name] !== undefined)
      throw new ConfigError(`--${name} is a flag of the command ${of.join(' or ')}, not of "${command}"`);
}

/** @throws ConfigError */
export function readPurge(given: Given, names: readonly string[]): PurgeRequest {
  const timeoutSeconds = readTimeout(given);
  return {
    names,
    yes: given['yes'] === true,
    dryRun: given['dry-run'] === true,
    takeOver: given['take-over'] === true,
    timeoutSeconds,
  };
}

/** @throws ConfigError */
export function readCheck(given: Given, names: readonly string[]): CheckRequest {
  const { output = 'text' } = given;
  if (output !== 'text' && output !== 'json') throw new ConfigError('--output: must be text or json');
  return { names, output };
}

/** @throws ConfigError */
export function readDiff(given: Given, names: readonly string[]): DiffRequest {
  return { names, timeoutSeconds: readTimeout(given) ?? 60 };
}

function readTimeout({ timeout }: Given): number | undefined {
  if (timeout === undefined) return undefined;
  const seconds = Number(timeout);
  if (Number.isInteger(seconds) && seconds > 0) return seconds;
  throw new ConfigError('--timeout: must be a number of seconds, 1 or more');
}
