// A simulated Panorama, alone or as an HA pair, with the firewalls that it manages.

import { assemble, type MakeFleet, type Running, type SimulatorOptions } from '../assemble.ts';
import type { ControlParts } from '../control/controls.ts';
import type { Device } from '../device/device.ts';
import { linkPeers, peerOptions } from '../pair.ts';
import { Simulator } from '../simulator.ts';
import { Fleet } from './fleet.ts';
import type { MemberSpec } from './member.ts';
import { FleetControls } from './fleet-controls.ts';

export type { MemberChange, MemberSpec } from './member.ts';
export type { MemberView } from './fleet-controls.ts';

export type PanoramaOptions = Omit<SimulatorOptions, 'vsys'> & { readonly firewalls?: readonly MemberSpec[] };

/** The name of a Panorama's own table in `tables()`; no request names it (facts 7.2). */
const panoramaTable = 'panorama';

const defaults: SimulatorOptions = {
  profile: 'Panorama',
  vsys: [panoramaTable],
  identity: { hostname: 'panorama', serial: '000710000000001' },
};

const peerIdentity = { hostname: 'panorama-b', serial: '000710000000002' };

export class Panorama extends Simulator {
  /** The firewalls behind it. */
  readonly fleet: FleetControls;

  constructor(parts: ControlParts, running: Running, fleet: FleetControls) {
    super(parts, running);
    this.fleet = fleet;
  }
}

type Started = { readonly panorama: Panorama; readonly device: Device; readonly fleet: Fleet };

const start = async (options: SimulatorOptions, makeFleet: MakeFleet): Promise<Started> => {
  const assembly = await assemble(
    {
      ...defaults,
      ...options,
      identity: { ...defaults.identity, ...options.identity },
      // A passive Panorama takes messages for its firewalls and does nothing (facts 7.4).
      settings: { whenPassive: 'silent', ...options.settings },
    },
    makeFleet,
  );
  const { parts, running, fleet } = assembly;
  if (!fleet) throw new Error('a Panorama has a fleet');
  const panorama = new Panorama(parts, running, new FleetControls(fleet, parts.clock));
  return { panorama, device: parts.device, fleet };
};

const newFleet =
  (firewalls: readonly MemberSpec[]): MakeFleet =>
  (faults, clock) =>
    new Fleet({ firewalls, clock, refusalOf: (serial) => faults.refusalOf(serial) });

/** Starts a Panorama. Throws as startSimulator, and for firewalls that are none. */
export const startPanorama = async ({
  firewalls = [],
  ...options
}: PanoramaOptions = {}): Promise<Panorama> => {
  const { panorama } = await start(options, newFleet(firewalls));
  return panorama;
};

export type PanoramaPair = AsyncDisposable & {
  /** The first is active at the start. Both manage the same firewalls; each has a table of its own. */
  readonly members: readonly [Panorama, Panorama];
  /** Swaps active and passive. */
  readonly failOver: () => void;
};

/** Starts an HA pair of Panoramas; the peer has the options of the first one but for ports, CA file and `peer`. */
export const startPanoramaPair = async (
  { firewalls = [], ...options }: PanoramaOptions = {},
  peer: SimulatorOptions = {},
): Promise<PanoramaPair> => {
  await using parts = new AsyncDisposableStack();
  const first = await start(options, newFleet(firewalls));
  parts.use(first.panorama);
  const second = await start(peerOptions(options, peer, peerIdentity), () => first.fleet);
  parts.use(second.panorama);
  const failOver = linkPeers(first.device, second.device, ['primary-active', 'secondary-passive']);
  const all = parts.move();
  return {
    members: [first.panorama, second.panorama],
    failOver,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
};
