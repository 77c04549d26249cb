// Flags of single commands: on the command line alone, as each run says anew what it is to do.

import { ConfigError } from './config-error.ts';

export const commands = ['run', 'check', 'diff', 'purge', 'completion', 'version', 'help'] as const;
export type CommandName = (typeof commands)[number];

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

type CommandForm = {
  /** What is typed behind the program's name. */
  readonly form: string;
  readonly describe: string;
};

export const commandForms: Readonly<Record<CommandName, CommandForm>> = {
  run: { form: '[run] [flags]', describe: 'keep firewalls equal to the cluster' },
  check: {
    form: 'check [PANFIREWALL...] [flags]',
    describe: 'look at API server, CRDs, rights, and the way to each firewall; writes nothing',
  },
  diff: {
    form: 'diff [PANFIREWALL...] [flags]',
    describe: 'compare policies with the firewalls, a line a pair; writes nothing',
  },
  purge: {
    form: 'purge [PANFIREWALL...] [flags]',
    describe: 'unregister our tags on these PanFirewalls, or on every one with Purge and Enforce',
  },
  completion: { form: `completion ${shells.join('|')}`, describe: 'print a completion script for the shell' },
  version: { form: 'version', describe: 'print version, Node and git revision' },
  help: { form: 'help', describe: 'print this text' },
};

type Flag = {
  readonly of: readonly CommandName[];
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** Absent: any text. */
  readonly choices?: readonly string[];
  readonly describe: string;
};

const outputs = ['text', 'json'] as const;

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
  output: {
    of: ['check'],
    type: 'string',
    short: 'o',
    choices: outputs,
    describe: 'text, json (default: text)',
  },
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
  readonly output: (typeof outputs)[number];
};

export type DiffRequest = {
  /** PanFirewalls; none: all of them. */
  readonly names: readonly string[];
  readonly timeoutSeconds: number;
};

const takesNames: ReadonlySet<CommandName> = new Set(['purge', 'check', 'diff', 'completion']);

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
  const known = outputs.find((one) => one === output);
  if (known === undefined) throw new ConfigError('--output: must be text or json');
  return { names, output: known };
}

/** @throws ConfigError */
export function readDiff(given: Given, names: readonly string[]): DiffRequest {
  return { names, timeoutSeconds: readTimeout(given) ?? 60 };
}

/** @throws ConfigError */
export function readShell([name, ...others]: readonly string[]): Shell {
  const known = shells.find((shell) => shell === name);
  if (known !== undefined && others.length === 0) return known;
  const given = [name, ...others].filter((word) => word !== undefined).join(' ');
  const not = given === '' ? '' : `, not "${given}"`;
  throw new ConfigError(
    `completion: name one shell of ${shells.join(', ')}${not}, as in: source <(pan-tag-operator completion bash)`,
  );
}

function readTimeout({ timeout }: Given): number | undefined {
  if (timeout === undefined) return undefined;
  const seconds = Number(timeout);
  if (Number.isInteger(seconds) && seconds > 0) return seconds;
  throw new ConfigError('--timeout: must be a number of seconds, 1 or more');
}
