// The simulator as a program: its arguments, what it prints, and how it stops.

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { startSimulator, type Simulator, type SettingsPatch, type SimulatorOptions } from './simulator.ts';

const usage = `A PAN-OS firewall to try things out on: its XML API for registered IP addresses, over HTTPS.

  --host ADDRESS         where to listen (127.0.0.1)
  --port NUMBER          of the XML API (8443; 0: a free one)
  --control-port NUMBER  of the JSON control port (8444; 0: a free one)
  --username NAME        of the API account (k8s-operator)
  --password TEXT        of the API account (simulator)
  --vsys LIST            virtual systems, the default one first (vsys1)
  --serial TEXT, --model TEXT, --family TEXT, --hostname TEXT, --sw-version TEXT
                         who the device says it is
  --names LIST           more host names and addresses for the certificate
  --ca-file PATH         where to write the certificate authority (a new temporary file)
  --settings JSON        switches, latencies and limits; GET /settings of the control port shows them
  --help                 this text
`;

const string = { type: 'string' } as const;
const argumentTypes = {
  host: string,
  port: { ...string, default: '8443' },
  'control-port': { ...string, default: '8444' },
  username: string,
  password: string,
  vsys: string,
  serial: string,
  model: string,
  family: string,
  hostname: string,
  'sw-version': string,
  names: string,
  'ca-file': string,
  settings: string,
  help: { type: 'boolean' },
} as const;

const portSchema = z.coerce.number().pipe(z.int().min(0).max(65_535));

const split = (value: string): string[] => value.split(',').map((part) => part.trim());

type Given<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** The fields that are not undefined. */
const given = <T extends object>(fields: T): Given<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<T>;

const toOptions = (
  values: ReturnType<typeof parseArgs<{ options: typeof argumentTypes }>>['values'],
  caFile: string,
): SimulatorOptions => {
  const { host, username, password, serial, model, family, hostname, vsys, names, settings } = values;
  return given({
    host,
    username,
    password,
    caFile,
    port: portSchema.parse(values.port),
    controlPort: portSchema.parse(values['control-port']),
    vsys: vsys === undefined ? undefined : split(vsys),
    names: names === undefined ? undefined : split(names),
    settings: settings === undefined ? undefined : (JSON.parse(settings) as SettingsPatch),
    identity: given({ serial, model, family, hostname, swVersion: values['sw-version'] }),
  });
};

const welcome = ({ endpoint, controlUrl, username, password, apiKey }: Simulator, caFile: string): string => `
PAN-OS simulator
  XML API       ${endpoint}/api/
  CA            ${caFile}
  username      ${username}
  password      ${password}
  API key       ${apiKey}
  control port  ${controlUrl}

Try:
  curl --cacert ${caFile} ${endpoint}/api/ -d type=keygen -d user=${username} -d password=${password}
  curl --cacert ${caFile} ${endpoint}/api/ -H 'X-PAN-KEY: ${apiKey}' -d type=user-id \\
    --data-urlencode 'cmd=<uid-message><type>update</type><payload><register><entry ip="10.1.0.9"><tag><member>web</member></tag></entry></register></payload></uid-message>'
  curl --cacert ${caFile} ${endpoint}/api/ -H 'X-PAN-KEY: ${apiKey}' -d type=op \\
    --data-urlencode 'cmd=<show><object><registered-ip><all/></registered-ip></object></show>'
  curl ${controlUrl}/tables
  curl '${controlUrl}/log?since=0'
  curl ${controlUrl}/faults -d '{"fault":"http-status","on":"message","count":2}'
`;

/** Resolves when the process is asked to stop. */
const stopSignal = async (): Promise<void> => {
  const { promise, resolve } = Promise.withResolvers<void>();
  process.once('SIGINT', resolve).once('SIGTERM', resolve);
  await promise;
};

const run = async (): Promise<void> => {
  const { values } = parseArgs({ options: argumentTypes });
  if (values.help === true) return console.log(usage);
  const caFile = values['ca-file'] ?? join(await mkdtemp(join(tmpdir(), 'pan-simulator-')), 'ca.pem');
  await using simulator = await startSimulator(toOptions(values, caFile));
  console.log(welcome(simulator, caFile));
  await stopSignal();
};

try {
  await run();
} catch (error) {
  const problem = error instanceof z.ZodError ? z.prettifyError(error) : error;
  console.error(problem instanceof Error ? problem.message : problem);
  console.error('\n--help shows the arguments.');
  process.exitCode = 1;
}
