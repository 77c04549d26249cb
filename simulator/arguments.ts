// The simulator's arguments as a program: what there are, and what they ask for.

import { parseArgs } from 'node:util';
import * as z from 'zod';
import type { SimulatorOptions } from './assemble.ts';
import { defaultIdentity } from './device/identity.ts';
import { memberSchema, type MemberSpec } from './panorama/member.ts';
import { profileNames, type ProfileName } from './profiles.ts';
import { meant, UsageError } from './problems.ts';
import { settingsPatchSchema } from './settings.ts';

export const usage = `A PAN-OS device to try things out on: its XML API for registered IP addresses, over HTTPS.

What it is
  --profile NAME         a model with its limits and speed (none: no limits, no delay):
                         ${profileNames.slice(0, 9).join(', ')},
                         ${profileNames.slice(9).join(', ')}
  --panorama             a Panorama
  --firewall SPEC        a firewall behind it: SERIAL, SERIAL@GROUP, or JSON; may be given several times
  --ha                   an HA pair; the second member gets free ports
  --serial TEXT, --model TEXT, --family TEXT, --hostname TEXT, --sw-version TEXT
                         who the device says it is (${defaultIdentity.serial}, ${defaultIdentity.model}, ${defaultIdentity.family},
                         ${defaultIdentity.hostname}, ${defaultIdentity.swVersion}, or what the profile says)
  --vsys LIST            virtual systems, the default one first (vsys1)
  --username NAME        of the first administrator (k8s-operator)
  --password TEXT        of the first administrator (simulator)
  --settings JSON        switches, latencies and limits; GET /settings of the control port shows them
  --seed NUMBER          of the faults that have a chance (1)

Where it is
  --host ADDRESS         where to listen (127.0.0.1)
  --port NUMBER          of the XML API (8443; 0: a free one)
  --control-port NUMBER  of the JSON control port (8444; 0: a free one)
  --control-host ADDRESS where the control port listens; it asks for no login (the address of --host)
  --names LIST           more host names and addresses for the certificate
  --ca-file PATH         where to write the certificate authority (a new temporary file); a pair: one for each
                         member, the second with .peer at the end
  --help, -h             this text

The control port
  GET  /                 a page for a browser: table, groups, calls, and faults to click
  GET  /tables /log?since=N /users /address-groups /settings /faults /ha /concurrency /ca
  POST /tables           {"add":[{"ip":"10.1.0.9","tags":["web"]}],"remove":[{"ip":"10.1.0.8"}]}: another writer
  POST /faults           {"fault":"http-status","on":"message","count":2}; DELETE /faults, DELETE /faults/ID
  POST /settings         {"errorsAsHttpStatus":false,"latencyMs":{"read":50}}
  POST /accounts         {"name":"reader","password":"x","rights":["op"]}; DELETE /accounts/NAME
  POST /address-groups   {"name":"web","filter":"'web' and not 'off'"}; DELETE /address-groups/NAME
  POST /reboot           {"downMs":3000,"deniedMs":60000,"swVersion":"11.1.4"}
  POST /ha               {"state":"suspended"}, or null; POST /fail-over swaps the members of a pair
  POST /wipe /reset /expire-keys /time-out-sessions; POST /password {"password":"next"}
  Of a Panorama: GET /firewalls /device-groups; POST /firewalls {"serial":"0001","deviceGroup":"edge"};
  POST /firewalls/0001 {"connected":false}; DELETE /firewalls/0001; POST /device-groups/lab {"below":"edge"};
  DELETE /device-groups/lab; ?serial=0001 behind /tables, /settings,
  /wipe, /reboot, /users, /address-groups and /ha means that firewall.
`;

const string = { type: 'string' } as const;
const boolean = { type: 'boolean' } as const;
const argumentTypes = {
  profile: string,
  panorama: boolean,
  firewall: { ...string, multiple: true },
  ha: boolean,
  host: string,
  port: { ...string, default: '8443' },
  'control-port': { ...string, default: '8444' },
  'control-host': string,
  username: string,
  password: string,
  vsys: string,
  serial: string,
  model: string,
  family: string,
  hostname: string,
  'sw-version': string,
  seed: string,
  names: string,
  'ca-file': string,
  settings: string,
  help: { ...boolean, short: 'h' },
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof argumentTypes }>>['values'];

export type Wanted = {
  readonly help: boolean;
  readonly panorama: boolean;
  readonly pair: boolean;
  readonly firewalls: readonly MemberSpec[];
  readonly options: SimulatorOptions;
};

const portText = 'must be a number from 0 to 65535';
const portSchema = z
  .string()
  .regex(/^\d{1,5}$/, portText)
  .transform(Number)
  .pipe(z.int().max(65_535, portText));
const seedSchema = z
  .string()
  .regex(/^-?\d{1,15}$/, 'must be a whole number')
  .transform(Number);

const split = (value: string): string[] => value.split(',').map((part) => part.trim());

type Given<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** The fields that are not undefined. */
const given = <T extends object>(fields: T): Given<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<T>;

/** The value by its schema; a value that does not fit throws, and the error begins with the flag. */
const checked = <T>(flag: string, value: unknown, schema: z.ZodType<T>): T => {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const at = issue?.path.length ? ` ${issue.path.join('.')}:` : '';
  const given = typeof value === 'string' ? `, not ${JSON.stringify(value.slice(0, 64))}` : '';
  throw new UsageError(`--${flag}:${at} ${issue?.message}${given}`);
};

const readJson = (flag: string, text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`--${flag}: must be JSON, in single quotes for the shell`);
  }
};

const readProfile = (text: string): ProfileName => {
  const found = profileNames.find((name) => name === text);
  if (found !== undefined) return found;
  const given = JSON.stringify(text.slice(0, 64));
  throw new UsageError(
    `--profile: must be one of ${profileNames.join(', ')}, not ${given}${meant(text, profileNames)}`,
  );
};

const readFirewall = (spec: string): MemberSpec => {
  if (spec.startsWith('{')) return checked('firewall', readJson('firewall', spec), memberSchema);
  const [serial = '', deviceGroup] = spec.split('@');
  return deviceGroup === undefined ? { serial } : { serial, deviceGroup };
};

const readOptions = (values: Values): SimulatorOptions => {
  const { host, username, password, serial, model, family, hostname, vsys, names, settings, profile } =
    values;
  return given({
    host,
    controlHost: values['control-host'],
    username,
    password,
    caFile: values['ca-file'],
    port: checked('port', values.port, portSchema),
    controlPort: checked('control-port', values['control-port'], portSchema),
    profile: profile === undefined ? undefined : readProfile(profile),
    seed: values.seed === undefined ? undefined : checked('seed', values.seed, seedSchema),
    vsys: vsys === undefined ? undefined : split(vsys),
    names: names === undefined ? undefined : split(names),
    settings:
      settings === undefined
        ? undefined
        : checked('settings', readJson('settings', settings), settingsPatchSchema),
    identity: given({ serial, model, family, hostname, swVersion: values['sw-version'] }),
  });
};

const parseFlags = (args: readonly string[]): { readonly values: Values } => {
  const known = Object.keys(argumentTypes);
  for (const argument of args) {
    const [, dashes = '', name] = /^(--?)([^-=\d][^=]*)/.exec(argument) ?? [];
    if (name === undefined || argument === '-h' || (dashes === '--' && known.includes(name))) continue;
    throw new UsageError(`unknown flag ${dashes}${name}${meant(name, known, '--')}`);
  }
  try {
    return parseArgs({ args: [...args], options: argumentTypes });
  } catch (error) {
    // Node's own complaints name the flag.
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
};

/** Reads the arguments. Throws UsageError where one is wrong or does not fit the others. */
export const readArguments = (args: readonly string[]): Wanted => {
  const { values } = parseFlags(args);
  const { help = false, panorama = false, ha = false, firewall = [] } = values;
  if (firewall.length > 0 && !panorama) throw new UsageError('--firewall needs --panorama');
  if (panorama && values.vsys !== undefined) throw new UsageError('a Panorama has no --vsys');
  const options = readOptions(values);
  const { port, controlPort, host, controlHost = host } = options;
  if (port !== 0 && port === controlPort && host === controlHost) {
    throw new UsageError(`--port and --control-port are both ${port}: give two, or 0 for a free one`);
  }
  return { help, panorama, pair: ha, firewalls: firewall.map(readFirewall), options };
};
