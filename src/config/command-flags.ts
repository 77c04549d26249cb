// Flags of single commands: on the command line alone, as each run says anew what it is to do.

import { ConfigError } from './config-error.ts';

export const commands = ['run', 'purge', 'check', 'version', 'help'] as const;
export type CommandName = (typeof commands)[number];

type Flag = {
  readonly of: CommandName;
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly describe: string;
};

export const commandFlags: Readonly<Record<string, Flag>> = {
  yes: {
    of: 'purge',
    type: 'boolean',
    describe: 'do not ask for confirmation; required without a terminal',
  },
  'dry-run': { of: 'purge', type: 'boolean', describe: 'list what would be done, and exit' },
  'take-over': {
    of: 'purge',
    type: 'boolean',
    describe:
      'purge although an operator renews the Lease; a running operator registers everything again afterwards',
  },
  timeout: {
    of: 'purge',
    type: 'string',
    describe: 'upper limit of spec.purgeTimeoutSeconds for each PanFirewall, in seconds',
  },
  output: { of: 'check', type: 'string', short: 'o', describe: 'text, json (default: text)' },
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

/** @throws ConfigError for a flag or an argument that the command does not take. */
export function refuseForeign(command: CommandName, given: Given, names: readonly string[]): void {
  if (names.length > 0 && command !== 'purge' && command !== 'check')
    throw new ConfigError(`"${command}" takes no arguments, but got "${names.join(' ')}"`);
  for (const [name, { of }] of Object.entries(commandFlags))
    if (of !== command && given[name] !== undefined)
      throw new ConfigError(`--${name} is a flag of the command ${of}, not of "${command}"`);
}

/** @throws ConfigError */
export function readPurge(given: Given, names: readonly string[]): PurgeRequest {
  const { timeout } = given;
  const timeoutSeconds = timeout === undefined ? undefined : Number(timeout);
  if (timeoutSeconds !== undefined && !(Number.isInteger(timeoutSeconds) && timeoutSeconds > 0))
    throw new ConfigError('--timeout: must be a number of seconds, 1 or more');
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
