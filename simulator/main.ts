// The simulator as a program: what it starts, what it prints, and how it stops.

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readArguments, usage, type Wanted } from './arguments.ts';
import { startHaPair } from './pair.ts';
import { startPanorama, startPanoramaPair } from './panorama/panorama.ts';
import { problemOf, UsageError } from './problems.ts';
import { startSimulator, type Simulator } from './simulator.ts';

const place = (title: string, { endpoint, controlUrl, ...device }: Simulator, caFile: string): string => `
${title}
  XML API       ${endpoint}/api/
  CA            ${caFile}
  username      ${device.username}
  password      ${device.password}
  API key       ${device.apiKey}
  control port  ${controlUrl}   (a page for a browser; JSON for programs)
`;

const hints = ({ endpoint, controlUrl, username, password, apiKey }: Simulator, caFile: string): string => `
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

type Running = { readonly members: readonly Simulator[] } & AsyncDisposable;

const alone = (simulator: Simulator): Running => ({
  members: [simulator],
  [Symbol.asyncDispose]: () => simulator.close(),
});

const start = async ({ panorama, pair, firewalls, options }: Wanted, caFile: string): Promise<Running> => {
  const first = { ...options, caFile };
  const second = { caFile: `${caFile}.peer` };
  if (panorama) {
    const { vsys: _, ...others } = first;
    if (pair) return startPanoramaPair({ ...others, firewalls }, second);
    return alone(await startPanorama({ ...others, firewalls }));
  }
  return pair ? startHaPair(first, second) : alone(await startSimulator(first));
};

/** Resolves when the process is asked to stop. */
const stopSignal = async (): Promise<void> => {
  const { promise, resolve } = Promise.withResolvers<void>();
  process.once('SIGINT', resolve).once('SIGTERM', resolve);
  await promise;
};

const run = async (wanted: Wanted): Promise<void> => {
  if (wanted.help) return console.log(usage);
  const caFile = wanted.options.caFile ?? join(await mkdtemp(join(tmpdir(), 'pan-simulator-')), 'ca.pem');
  await using running = await start(wanted, caFile);
  const [first, second] = running.members;
  const title = wanted.panorama ? 'Panorama simulator' : 'PAN-OS simulator';
  if (first) console.log(place(title, first, caFile));
  if (second) console.log(place(`${title}, its HA peer`, second, `${caFile}.peer`));
  if (first) console.log(hints(first, caFile));
  await stopSignal();
};

let wanted: Wanted | undefined;
try {
  wanted = readArguments(process.argv.slice(2));
  await run(wanted);
} catch (error) {
  console.error(`${problemOf(error, wanted?.options ?? {})}\n\n--help shows the arguments.`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
