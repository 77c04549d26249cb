// HA pairs: two devices that know of each other, one active and one passive.

import { assemble, type SimulatorOptions } from './assemble.ts';
import type { Device } from './device/device.ts';
import type { Ha } from './device/ha.ts';
import type { Identity } from './device/identity.ts';
import { Simulator } from './simulator.ts';

/** What the active and the passive member say of themselves. */
type States = readonly [active: string, passive: string];

const haOf = (peer: Device, state: string, peerState: string): Ha => ({
  state,
  peerState,
  peerSerial: peer.identity.serial,
  peerAddress: peer.identity.ipAddress,
  peerConnected: true,
});

/** Makes two devices a pair, the first active; returns what swaps their states. */
export const linkPeers = (one: Device, other: Device, states: States): (() => void) => {
  let [active, passive] = [one, other];
  const show = (): void => {
    active.ha = haOf(passive, states[0], states[1]);
    passive.ha = haOf(active, states[1], states[0]);
  };
  const failOver = (): void => {
    [active, passive] = [passive, active];
    show();
  };
  one.pair = { peer: other, failOver };
  other.pair = { peer: one, failOver };
  show();
  return failOver;
};

export type HaPair = AsyncDisposable & {
  /** The first is active at the start. */
  readonly members: readonly [Simulator, Simulator];
  /** Swaps active and passive. */
  readonly failOver: () => void;
};

/** The options of a second member: those of the first but for its place, with a name and what `peer` says. */
export const peerOptions = (
  first: SimulatorOptions,
  peer: SimulatorOptions,
  identity: Partial<Identity>,
): SimulatorOptions => {
  const { caFile: _, port: __, controlPort: ___, ...options } = first;
  return { ...options, ...peer, identity: { ...options.identity, ...identity, ...peer.identity } };
};

const peerIdentity = { hostname: 'pan-simulator-b', serial: '007051000000002' };

/** Starts an HA pair of firewalls, each with ports, a log and faults of its own; options as of startPanoramaPair. */
export const startHaPair = async (
  options: SimulatorOptions = {},
  peer: SimulatorOptions = {},
): Promise<HaPair> => {
  await using parts = new AsyncDisposableStack();
  const one = await assemble(options);
  const first = parts.use(new Simulator(one.parts, one.running));
  const other = await assemble(peerOptions(options, peer, peerIdentity));
  const second = parts.use(new Simulator(other.parts, other.running));
  const failOver = linkPeers(one.parts.device, other.parts.device, ['active', 'passive']);
  const all = parts.move();
  return { members: [first, second], failOver, [Symbol.asyncDispose]: () => all.disposeAsync() };
};
