// The simulated firewall of a bench as a process of its own, so that its log's times do not wait for the bench's work.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import type { LogEntry, SimulatorOptions, Tables } from '../../simulator/simulator.ts';
import { startSimulator } from '../../simulator/simulator.ts';
import { startNode } from './program.ts';

/** Holds the operator's mark of ownership, no Pod's tags. */
const markerAddress = '192.0.2.1';

export type DeviceAccess = {
  readonly endpoint: string;
  readonly controlUrl: string;
  readonly caPem: string;
  readonly apiKey: string;
};

export type Device = DeviceAccess & {
  /** The log's entries with a seq above since. */
  readonly log: (since: number) => Promise<readonly LogEntry[]>;
  /** The tags of each address of the first table. */
  readonly table: () => Promise<ReadonlyMap<string, readonly string[]>>;
} & AsyncDisposable;

const startLimitMs = 30_000;
const answerLimitMs = 30_000;

/** Its model and what differs from it. */
export type DeviceOptions = Pick<SimulatorOptions, 'profile' | 'settings'>;

export async function startDevice(options: DeviceOptions, signal: AbortSignal): Promise<Device> {
  const file = fileURLToPath(import.meta.url);
  const program = await startNode(file, { input: options, signal });
  try {
    const access = await program.field<DeviceAccess>('device', startLimitMs);
    const get = async <T>(path: string): Promise<T> => {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(answerLimitMs)]);
      const { body } = await request(`${access.controlUrl}${path}`, { signal: limit });
      return (await body.json()) as T;
    };
    return {
      ...access,
      log: (since) => get(`/log?since=${since}`),
      async table() {
        const [entries = {}] = Object.values(await get<Tables>('/tables'));
        const ofPods = Object.entries(entries).filter(([ip]) => ip !== markerAddress);
        return new Map(ofPods.map(([ip, { tags }]) => [ip, tags]));
      },
      [Symbol.asyncDispose]: program.stop,
    };
  } catch (error) {
    await program.stop();
    throw error;
  }
}

async function main(): Promise<void> {
  const stopped = Promise.withResolvers<void>();
  process.once('SIGTERM', stopped.resolve);
  const options = JSON.parse(readFileSync(0, 'utf8')) as DeviceOptions;
  await using simulator = await startSimulator(options);
  const { endpoint, controlUrl, caPem, apiKey } = simulator;
  console.log(JSON.stringify({ device: { endpoint, controlUrl, caPem, apiKey } }));
  await stopped.promise;
}

if (process.argv[1] === import.meta.filename) await main();
