// A simulated HA pair of Panoramas in a scenario, with the one PanFirewall that names both.
import { randomBytes, randomInt } from 'node:crypto';
import { type MemberSpec, type PanoramaPair, startPanoramaPair } from '../../simulator/panorama/panorama.ts';
import type { DeviceControls } from '../../simulator/control/device-controls.ts';
import type { SimulatorOptions } from '../../simulator/simulator.ts';
import { waitFor } from '../harness/wait-for.ts';
import { basicToken, type Stage } from './stage.ts';

export type PairOptions = {
  /** Of the PanFirewall and of its Secret. */
  readonly name: string;
  readonly firewalls?: readonly MemberSpec[];
  readonly settings?: SimulatorOptions['settings'];
  /** Further fields of spec; they win. */
  readonly spec?: object;
  /** Further keys of the Secret, or other values; null: without this key. */
  readonly secret?: Readonly<Record<string, string | null>>;
  /** Called before the operator can know of the pair. */
  readonly prepare?: (pair: PanoramaPair) => void;
};

export type StagedPair = PanoramaPair;

const newSerial = (): string => randomInt(1e14).toString().padStart(15, '0');

/** Starts two Panoramas, the first active, with a key, a password and a CA of its own each, and their PanFirewall. */
export async function stagePair(stage: Stage, options: PairOptions): Promise<StagedPair> {
  const { name, firewalls = [], settings, spec, secret, prepare } = options;
  const own = (): SimulatorOptions => ({
    identity: { serial: newSerial() },
    password: randomBytes(12).toString('hex'),
  });
  const pair = await startPanoramaPair({ ...own(), firewalls, ...(settings && { settings }) }, own());
  const [a, b] = pair.members;
  prepare?.(pair);
  stage.hide(b.apiKey, b.password, basicToken(b.username, b.password));
  const keys = { apiKey: a.apiKey, peerApiKey: b.apiKey, endpoint: a.endpoint, peerEndpoint: b.endpoint };
  const given = Object.entries({ ...keys, ...secret }).filter(([, value]) => value !== null);
  const { endpoint, apiKey, username, password } = a;
  await stage.reach(
    {
      simulator: { endpoint, apiKey, username, password, caPem: `${a.caPem}\n${b.caPem}` },
      secret: Object.fromEntries(given) as Record<string, string>,
    },
    {
      name,
      tagPrefix: 'k8s-prod.',
      spec: { peerEndpoint: b.endpoint, resync: { markerIntervalSeconds: 5 }, ...spec },
    },
  );
  return pair;
}

/** Resolves when exactly these addresses have tags under our prefix in the first table, each this one. */
export async function holds(
  device: Pick<DeviceControls, 'tables'>,
  tag: string,
  addresses: readonly string[],
  timeoutMs = 20_000,
): Promise<void> {
  const wanted = addresses.map((ip) => `${ip} k8s-prod.${tag}`).sort();
  const look = (): true => {
    const [table = {}] = Object.values(device.tables());
    const found = Object.entries(table)
      .flatMap(([ip, { tags }]) => tags.map((one) => `${ip} ${one}`))
      .filter((pair) => pair.includes(' k8s-prod.') && !pair.includes('._owner.'))
      .sort();
    if (found.join() !== wanted.join()) throw new Error(`${found.join()} instead of ${wanted.join()}`);
    return true;
  };
  await waitFor(look, { what: 'the table', timeoutMs, intervalMs: 20 });
}
