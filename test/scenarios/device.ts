// One simulated firewall in a scenario: what it holds of ours, what it was sent, and that strangers' entries stay.
import { randomBytes, randomInt } from 'node:crypto';
import {
  startSimulator,
  type LogEntry,
  type Simulator,
  type SimulatorOptions,
} from '../../simulator/simulator.ts';
import { type HeldOptions, type HeldTables, heldTables } from './held-tables.ts';

export type { HoldsOptions, Owned } from './held-tables.ts';

export type DeviceOptions = Pick<
  SimulatorOptions,
  'vsys' | 'settings' | 'identity' | 'clock' | 'host' | 'names'
> &
  HeldOptions;

export type Device = HeldTables & {
  readonly simulator: Simulator;
  /** What a Secret with this device's API key holds. */
  readonly secret: Readonly<Record<'apiKey', string>>;
  /** The uid-messages so far, oldest first, also those that a fault kept from taking effect. */
  readonly messages: () => readonly LogEntry[];
};

/** As real ones look, and no two alike. */
export function newSerial(): string {
  return randomInt(1e14).toString().padStart(15, '0');
}

/** No log line holds it by accident. */
export function newPassword(): string {
  return randomBytes(12).toString('hex');
}

/** Starts a device on whose tables strangers have tags and entries of every kind that could be taken for ours. */
export async function startDevice({
  tagPrefix,
  foreignOn,
  alsoForeign,
  leftOver,
  markedBy,
  ...simulation
}: DeviceOptions): Promise<Device> {
  const simulator = await startSimulator({
    ...simulation,
    identity: { serial: newSerial(), ...simulation.identity },
    password: newPassword(),
  });
  const held = heldTables(simulator, { tagPrefix, foreignOn, alsoForeign, leftOver, markedBy });
  return {
    ...held,
    simulator,
    secret: { apiKey: simulator.apiKey },
    messages: () => simulator.log().filter(({ kind }) => kind === 'message'),
  };
}
