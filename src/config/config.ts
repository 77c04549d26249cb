// Flags and environment to one frozen configuration. The only reader of process.env.

import { parseArgs } from 'node:util';
import { z } from 'zod';
import {
  type CheckRequest,
  type CommandName,
  commandFlags,
  commands,
  type DiffRequest,
  type PurgeRequest,
  readCheck,
  readDiff,
  readPurge,
  readShell,
  refuseForeign,
  type Shell,
} from './command-flags.ts';
import { ConfigError } from './config-error.ts';
import { lookupThreads } from './lookup-threads.ts';
import { productTiming, readTiming, type Timing } from '../core/model/timing.ts';
import { unreadableEntries } from '../core/syntax/no-proxy.ts';
import { isNear, nearest } from '../core/syntax/wording.ts';
import { logFormats, logLevels } from '../runtime/logger.ts';

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
    .describe('where /metrics, /healthz and /readyz are served (default: :8080)'),
  'leader-elect': z
    .enum(['true', 'false'], 'must be true or false')
    .default('true')
    .transform((text) => text === 'true')
    .describe(
      'wait for the Lease before writing anything; false: write at once, for a single replica (default: true)',
    ),
  'log-level': z
    .enum(logLevels)
    .default('info')
    .describe(`${logLevels.join(', ')} (default: info)`),
  'log-format': z
    .enum(logFormats)
    .default('json')
    .describe(`${logFormats.join(', ')} (default: json)`),
  'audit-log': z
    .enum(['true', 'false'], 'must be true or false')
    .default('false')
    .transform((text) => text === 'true')
    .describe(
      'of run and purge: a JSON line in the log for each pair that a device changed (default: false)',
    ),
} as const;

const settings = z.strictObject(flags);

export type Settings = Readonly<z.output<typeof settings>> & {
  /** For devices alone: what HTTPS_PROXY and NO_PROXY say. The URL may hold a user name and a password. */
  readonly proxy: {
    readonly url: URL | undefined;
    readonly except: string;
    /** Entries of `except` that exempt nobody, without a user name and a password. */
    readonly unreadable: readonly string[];
  };
  readonly timing: Timing;
  /** As many host names are looked up at once. */
  readonly lookupThreads: number;
};

export type Command = {
  readonly command: CommandName;
  readonly settings: Settings;
  /** What the command purge is asked for. */
  readonly purge: PurgeRequest;
  /** What the command check is asked for. */
  readonly check: CheckRequest;
  /** What the command diff is asked for. */
  readonly diff: DiffRequest;
  /** Of the command completion. */
  readonly shell?: Shell;
  /** About variables with our prefix that mean nothing; Kubernetes injects such for Services. */
  readonly warnings: readonly string[];
};

type Environment = Readonly<Record<string, string | undefined>>;

const prefix = 'PANTAG_';
export const variableOf = (flag: string) => prefix + flag.toUpperCase().replaceAll('-', '_');
const flagNames = Object.keys(flags) as [keyof typeof flags, ...(keyof typeof flags)[]];
export const flagDescriptions = flagNames.map((name) => [name, flags[name].description ?? ''] as const);
/** They may stand without a value, which is then true. */
export const switches: ReadonlySet<string> = new Set(['leader-elect', 'audit-log']);
/** The values of a flag that has but a few. */
export const flagChoices: { readonly [Name in keyof typeof flags]?: readonly string[] } = {
  'leader-elect': ['true', 'false'],
  'audit-log': ['true', 'false'],
  'log-level': logLevels,
  'log-format': logFormats,
};
const commandFlagNames = Object.keys(commandFlags);

/** @throws ConfigError */
export function readCommand(args: readonly string[], environment: Environment = process.env): Command {
  const { values, positionals }: Parsed = parse(args);
  if (values['help'] === true || positionals[0] === 'help')
    return {
      command: 'help',
      purge: readPurge({}, []),
      check: readCheck({}, []),
      diff: readDiff({}, []),
      ...read({}, {}),
    };
  const [word, ...rest] = positionals;
  const command = values['version'] === true ? 'version' : (word ?? 'run');
  if (!isCommand(command)) throw new ConfigError(`unknown command "${command}"${meant(command, commands)}`);
  refuseForeign(command, values, rest);
  return {
    command,
    purge: readPurge(values, rest),
    check: readCheck(values, rest),
    diff: readDiff(values, rest),
    ...(command === 'completion' ? { shell: readShell(rest) } : {}),
    ...read(values, environment),
  };
}

type Parsed = { readonly values: Readonly<Record<string, unknown>>; readonly positionals: readonly string[] };

function parse(args: readonly string[]): Parsed {
  const own = Object.entries(commandFlags).map(([name, { type, short }]) => [
    name,
    { type, ...(short === undefined ? {} : { short }) },
  ]);
  const options = {
    ...Object.fromEntries(flagNames.map((name) => [name, { type: 'string' }])),
    ...Object.fromEntries(own),
    version: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  };
  for (const arg of args) {
    const [, dashes = '', name] = /^(--?)([^-=][^=]*)/.exec(arg) ?? [];
    if (name === undefined || /^-[ho]/.test(arg)) continue;
    if (dashes === '-' || !Object.hasOwn(options, name)) {
      const known = ['help', 'version', ...flagNames, ...commandFlagNames] as const;
      throw new ConfigError(`unknown flag ${dashes}${name}${meant(name, known, '--')}`);
    }
  }
  try {
    return parseArgs({
      args: args.map((arg) => (arg.startsWith('--') && switches.has(arg.slice(2)) ? `${arg}=true` : arg)),
      options,
      allowPositionals: true,
    });
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error));
  }
}

/** The word that was probably meant, where one is near. */
function meant(word: string, known: readonly [string, ...string[]], before = ''): string {
  const near = nearest(word, known);
  return isNear(word, near) ? `; did you mean ${before === '' ? `"${near}"` : before + near}?` : '';
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
      lookupThreads: lookupThreads(environment['UV_THREADPOOL_SIZE']),
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

function isCommand(text: string): text is CommandName {
  return (commands as readonly string[]).includes(text);
}
