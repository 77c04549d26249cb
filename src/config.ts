// Flags and environment to one frozen configuration. The only reader of process.env.

import { parseArgs } from 'node:util';
import { z } from 'zod';
import { productTiming, readTiming, type Timing } from './core/model/timing.ts';
import { unreadableEntries } from './core/syntax/no-proxy.ts';
import { nearest } from './core/syntax/wording.ts';
import { logFormats, logLevels } from './runtime/logger.ts';

const listenAddress = /^(?:\[[0-9a-f:.]+\]|[^:\s[\]]*):(\d{1,5})$/i;

/** One entry a flag: its environment variable is PANTAG_ and the name in capitals. */
const flags = {
  namespace: z
    .string()
    .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'must be a namespace name')
    .optional()
    .describe(
      "the operator's own namespace: its Secrets are read there (default: the in-cluster one, else pan-tag-operator)",
    ),
  kubeconfig: z
    .string()
    .min(1, 'must be a file name')
    .optional()
    .describe('kubeconfig file (default: KUBECONFIG, ~/.kube/config, in-cluster)'),
  'http-address': z
    .string()
    .refine(
      (text) => Number(listenAddress.exec(text)?.[1] ?? Number.NaN) <= 65535,
      'must be host:port or :port',
    )
    .default(':8080')
    .describe('where /metrics, /healthz and /readyz are served'),
  'leader-elect': z
    .enum(['true', 'false'], 'must be true or false')
    .default('true')
    .transform((text) => text === 'true')
    .describe('wait for the Lease before writing anything; false: write at once, for a single replica'),
  'log-level': z.enum(logLevels).default('info').describe(logLevels.join(', ')),
  'log-format': z.enum(logFormats).default('json').describe(logFormats.join(', ')),
} as const;

const settings = z.strictObject(flags);

/** Of purge alone, on the command line alone: each run says anew how far it may go. */
const purgeFlags = {
  yes: 'do not ask for confirmation; required without a terminal',
  'dry-run': 'list what would be done, and exit',
  'take-over':
    'purge although an operator renews the Lease; a running operator registers everything again afterwards',
} as const;
const timeoutFlag = 'timeout';
const timeoutDescription = 'upper limit of spec.purgeTimeoutSeconds for each PanFirewall, in seconds';

export type PurgeRequest = {
  /** PanFirewalls; none: all of them. */
  readonly names: readonly string[];
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly takeOver: boolean;
  readonly timeoutSeconds: number | undefined;
};

export type Settings = Readonly<z.output<typeof settings>> & {
  /** For devices alone: what HTTPS_PROXY and NO_PROXY say. The URL may hold a user name and a password. */
  readonly proxy: {
    readonly url: URL | undefined;
    readonly except: string;
    /** Entries of `except` that exempt nobody, without a user name and a password. */
    readonly unreadable: readonly string[];
  };
  readonly timing: Timing;
};

const commands = ['run', 'purge', 'version', 'help'] as const;

export type Command = {
  readonly command: (typeof commands)[number];
  readonly settings: Settings;
  /** What the command purge is asked for. */
  readonly purge: PurgeRequest;
  /** About variables with our prefix that mean nothing; Kubernetes injects such for Services. */
  readonly warnings: readonly string[];
};

type Environment = Readonly<Record<string, string | undefined>>;

/** All problems of the command line and the environment, one a line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const prefix = 'PANTAG_';
const variableOf = (flag: string) => prefix + flag.toUpperCase().replaceAll('-', '_');
const flagNames = Object.keys(flags) as [keyof typeof flags, ...(keyof typeof flags)[]];
const purgeFlagNames = [...Object.keys(purgeFlags), timeoutFlag];

/** @throws ConfigError */
export function readCommand(args: readonly string[], environment: Environment = process.env): Command {
  const { values, positionals }: Parsed = parse(args);
  if (values['help'] === true || positionals[0] === 'help') {
    return { command: 'help', purge: readPurge({}, []), ...read({}, {}) };
  }
  const [word, ...rest] = positionals;
  const command = values['version'] === true ? 'version' : (word ?? 'run');
  if (!isCommand(command)) {
    throw new ConfigError(`unknown command "${command}"; did you mean "${nearest(command, commands)}"?`);
  }
  if (command !== 'purge') refuseForeign(command, values, rest);
  return { command, purge: readPurge(values, rest), ...read(values, environment) };
}

function refuseForeign(
  command: string,
  values: Readonly<Record<string, unknown>>,
  rest: readonly string[],
): void {
  if (rest.length > 0) throw new ConfigError(`"${command}" takes no arguments, but got "${rest.join(' ')}"`);
  const foreign = purgeFlagNames.find((name) => values[name] !== undefined);
  if (foreign !== undefined)
    throw new ConfigError(`--${foreign} is a flag of the command purge, not of "${command}"`);
}

function readPurge(values: Readonly<Record<string, unknown>>, names: readonly string[]): PurgeRequest {
  const timeout = values[timeoutFlag];
  const timeoutSeconds = timeout === undefined ? undefined : Number(timeout);
  if (timeoutSeconds !== undefined && !(Number.isInteger(timeoutSeconds) && timeoutSeconds > 0)) {
    throw new ConfigError(`--${timeoutFlag}: must be a number of seconds, 1 or more`);
  }
  return {
    names,
    yes: values['yes'] === true,
    dryRun: values['dry-run'] === true,
    takeOver: values['take-over'] === true,
    timeoutSeconds,
  };
}

type Parsed = { readonly values: Readonly<Record<string, unknown>>; readonly positionals: readonly string[] };

function parse(args: readonly string[]): Parsed {
  const strings = [...flagNames, timeoutFlag].map((name) => [name, { type: 'string' as const }] as const);
  const switches = [...Object.keys(purgeFlags), 'version'].map(
    (name) => [name, { type: 'boolean' as const }] as const,
  );
  const options = Object.fromEntries<{ readonly type: 'string' | 'boolean' }>([...strings, ...switches]);
  for (const arg of args) {
    const [, dashes = '', name] = /^(--?)([^-=][^=]*)/.exec(arg) ?? [];
    if (name === undefined || arg === '-h') continue;
    if (dashes === '-' || (name !== 'help' && !Object.hasOwn(options, name))) {
      const known = [...flagNames, ...purgeFlagNames, 'help', 'version'] as const;
      throw new ConfigError(`unknown flag ${dashes}${name}; did you mean --${nearest(name, known)}?`);
    }
  }
  try {
    return parseArgs({
      args: args.map((arg) => (arg === '--leader-elect' ? `${arg}=true` : arg)),
      options: { ...options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error));
  }
}

function read(values: Readonly<Record<string, unknown>>, environment: Environment) {
  const given = Object.fromEntries(
    flagNames
      .map((name) => [name, values[name] ?? environment[variableOf(name)]] as const)
      .filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = settings.safeParse(given);
  if (!parsed.success) {
    throw new ConfigError(
      parsed.error.issues
        .map(({ path: [name], message }) => `--${String(name)} (${variableOf(String(name))}): ${message}`)
        .join('\n'),
    );
  }
  return {
    settings: Object.freeze({
      ...parsed.data,
      proxy: readProxy(environment),
      timing: timingOf(environment),
    }),
    warnings: unknownVariables(environment),
  };
}

/** In small letters they win, as with curl. */
function readProxy(environment: Environment): Settings['proxy'] {
  const read = (name: string) => environment[name.toLowerCase()] ?? environment[name] ?? '';
  const text = read('HTTPS_PROXY').trim();
  const except = read('NO_PROXY');
  if (text === '') return { url: undefined, except, unreadable: [] };
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  if (url !== null && /^https?:$/.test(url.protocol) && canDecode(url.username) && canDecode(url.password)) {
    return { url, except, unreadable: unreadableEntries(except).map(shown) };
  }
  // It may hold a password, and is not repeated.
  throw new ConfigError('HTTPS_PROXY: must be http://<host>:<port> or https://<host>:<port>');
}

/** For tests alone: `run` and `purge` refuse other times than the product's for a cluster that is not on this machine. */
const timingVariable = `${prefix}TEST_TIMING`;

function timingOf(environment: Environment): Timing {
  const text = environment[timingVariable];
  if (text === undefined || text === '') return productTiming;
  try {
    return readTiming(text);
  } catch (error) {
    throw new ConfigError(`${timingVariable}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** It may be a URL with a password, or anything. */
function shown(entry: string): string {
  return entry.slice(entry.lastIndexOf('@') + 1).slice(0, 100);
}

function canDecode(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function unknownVariables(environment: Environment): string[] {
  const known = new Set(flagNames.map(variableOf));
  return Object.keys(environment)
    .filter((name) => name.startsWith(prefix) && !known.has(name) && !name.startsWith(`${prefix}TEST_`))
    .sort()
    .map((name) => `unknown environment variable ${name} ignored`);
}

function isCommand(text: string): text is Command['command'] {
  return (commands as readonly string[]).includes(text);
}

export function usage(): string {
  const row = (name: string, description: string) => `  --${name.padEnd(14)} ${description}`;
  const rows = flagNames.map((name) => row(name, flags[name].description ?? ''));
  const ofPurge = Object.entries(purgeFlags).map(([name, description]) => row(name, description));
  return [
    'pan-tag-operator [run] [flags]   keep firewalls equal to the cluster',
    'pan-tag-operator purge [PANFIREWALL...] [flags]',
    '                                 unregister our tags on these PanFirewalls, or on every one with Purge and Enforce',
    'pan-tag-operator version         print version, Node and git revision',
    '',
    ...rows,
    '',
    'Flags of purge alone:',
    ...ofPurge,
    row(timeoutFlag, timeoutDescription),
    '',
    `Each flag can also be set by an environment variable: --log-level is ${variableOf('log-level')}.`,
    'Devices are reached through the proxy in HTTPS_PROXY, except the hosts in NO_PROXY.',
    '',
  ].join('\n');
}
