// A simulated PAN-OS device as tests and demos use it: start it, reach it, do to it what the control port offers.

import { assemble, type Running, type SimulatorOptions } from './assemble.ts';
import { Controls, type ControlParts } from './control/controls.ts';

export type { AccountSpec } from './access/accounts.ts';
export type { AddressGroupSpec } from './device/address-groups.ts';
export type { SimulatorOptions } from './assemble.ts';
export type { CallKind } from './http/call.ts';
export type { ConcurrencyReport } from './http/concurrency.ts';
export type { AddressGroupView, DeviceControls, Reboot, UsersView } from './control/device-controls.ts';
export type { FaultSpec } from './faults/fault-specs.ts';
export type { InjectedFault } from './faults/faults.ts';
export type { HaSpec } from './device/ha.ts';
export type { Identity } from './device/identity.ts';
export type { Planting, TableEntry, Tables } from './control/planting.ts';
export type { ProfileName } from './profiles.ts';
export type { PairOutcome } from './device/registered-ips.ts';
export type { LogEntry } from './http/request-log.ts';
export type { Settings, SettingsPatch } from './settings.ts';

/** A running device. What can be done to it is what the control port offers. */
export class Simulator extends Controls implements AsyncDisposable {
  /** `https://127.0.0.1:port`, without a path. */
  readonly endpoint: string;
  /** `http://127.0.0.1:port` */
  readonly controlUrl: string;
  readonly caPem: string;
  readonly username: string;
  /** The first one. */
  readonly password: string;
  /** Valid from the start, until keys expire. */
  readonly apiKey: string;
  /** Cuts all connections and frees the ports. */
  readonly close: () => Promise<void>;

  constructor(parts: ControlParts, running: Running) {
    super(parts);
    this.endpoint = running.endpoint;
    this.controlUrl = running.controlUrl;
    this.caPem = running.caPem;
    this.username = running.username;
    this.password = running.password;
    this.apiKey = running.apiKey;
    this.close = running.close;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Starts a firewall. Throws where a port is taken, an option is wrong or the CA cannot be written. */
export const startSimulator = async (options: SimulatorOptions = {}): Promise<Simulator> => {
  const { parts, running } = await assemble(options);
  return new Simulator(parts, running);
};
