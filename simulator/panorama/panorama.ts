// A simulated Panorama, alone or as an HA pair, with the firewalls that it manages.

import { assemble, type Assembly, type MakeFleet, type SimulatorOptions } from '../assemble.ts';
import type { ControlParts } from '../controls.ts';
import type { Running } from '../assemble.ts';
import { linkPeers } from '../pair.ts';
import { Simulator } from '../simulator.ts';
import { Fleet, type MemberSpec } from './fleet.ts';
import { FleetControls } from './fleet-controls.ts';

export type { MemberChange, MemberSpec } from './fleet.ts';
export type { MemberView } from './fleet-controls.ts';

export type PanoramaOptions = Omit<SimulatorOptions, 'vsys'> & { readonly firewalls?: readonly MemberSpec[] };

/** The name of a Panorama's own table in `tables()`; no request names it (facts 7.2). */
export const panoramaTable = 'panorama';

const defaults: SimulatorOptions = {
  profile: 'Panorama',
  vsys: [panoramaTable],
  identity: { hostname: 'panorama', serial: '000710000000001' },
};

export class Panorama extends Simulator {
  /** The firewalls behind it. */
  readonly fleet: FleetControls;

  constructor(parts: ControlParts, running: Running, fleet: FleetControls) {
    super(parts, running);
    this.fleet = fleet;
  }
}

const withDefaults = (options: PanoramaOptions, serial?: string): SimulatorOptions => {
  const named = serial === undefined ? {} : { hostname: 'panorama-b', serial };
  return {
    ...defaults,
    ...options,
    identity: { ...defaults.identity, ...named, ...options.identity },
    // A passive Panorama takes messages for its firewalls and does nothing (facts 7.4).
    settings: { whenPassive: 'silent', ...options.settings },
  };
};

const start = async (
  options: SimulatorOptions,
  makeFleet: MakeFleet,
): Promise<[Panorama, Assembly, Fleet]> => {
  const assembly = await assemble(options, makeFleet);
  const { parts, running, fleet } = assembly;
  if (!fleet) throw new Error('a Panorama has a fleet');
  return [new Panorama(parts, running, new FleetControls(fleet, parts.clock)), assembly, fleet];
};

const newFleet =
  (firewalls: readonly MemberSpec[]): MakeFleet =>
  (faults, clock) => {
    const fleet = new Fleet({ clock, refusalOf: (serial) => faults.refusalOf(serial) });
    for (const firewall of firewalls) fleet.join(firewall);
    return fleet;
  };

/** Starts a Panorama. Throws as startSimulator, and for firewalls that are none. */
export const startPanorama = async ({
  firewalls = [],
  ...options
}: PanoramaOptions = {}): Promise<Panorama> => {
  const [panorama] = await start(withDefaults(options), newFleet(firewalls));
  return panorama;
};

export type PanoramaPair = AsyncDisposable & {
  /** The first is active at the start. Both manage the same firewalls; each has a table of its own. */
  readonly members: readonly [Panorama, Panorama];
  /** Swaps active and passive. */
  readonly failOver: () => void;
};

/** Starts an HA pair of Panoramas on free ports. The second one's serial is `peerSerial`. */
export const startPanoramaPair = async (
  { firewalls = [], ...options }: PanoramaOptions = {},
  peerSerial = '000710000000002',
): Promise<PanoramaPair> => {
  await using parts = new AsyncDisposableStack();
  const [first, { parts: one }, fleet] = await start(withDefaults(options), newFleet(firewalls));
  parts.use(first);
  const { caFile: _, port: __, controlPort: ___, ...others } = options;
  const [second, { parts: other }] = await start(withDefaults(others, peerSerial), () => fleet);
  parts.use(second);
  const failOver = linkPeers(one.device, other.device, ['primary-active', 'secondary-passive']);
  const all = parts.move();
  return { members: [first, second], failOver, [Symbol.asyncDispose]: () => all.disposeAsync() };
};
