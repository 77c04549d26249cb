// Everything that a test or a human may do to the simulator from outside of its XML API.

import type { Access } from '../access/access.ts';
import type { AccountSpec } from '../access/accounts.ts';
import type { Concurrency, ConcurrencyReport } from '../http/concurrency.ts';
import { DeviceControls, type DeviceControlParts } from './device-controls.ts';
import type { FaultSpec } from '../faults/fault-specs.ts';
import type { FaultList, InjectedFault } from '../faults/faults.ts';
import type { Fleet } from '../panorama/fleet.ts';
import type { LogEntry, RequestLog } from '../http/request-log.ts';

export type ControlParts = DeviceControlParts & {
  readonly access: Access;
  readonly faults: FaultList;
  readonly log: RequestLog;
  readonly concurrency: Concurrency;
  /** Of a Panorama. */
  readonly fleet?: Fleet | undefined;
};

export class Controls extends DeviceControls {
  readonly #parts: ControlParts;

  constructor(parts: ControlParts) {
    super(parts);
    this.#parts = parts;
  }

  /** The requests with a seq above `since`. */
  log(since = 0): readonly LogEntry[] {
    return this.#parts.log.since(since);
  }

  /** Calls in work, and how many there were at once. */
  concurrency(): ConcurrencyReport {
    return this.#parts.concurrency.report();
  }

  /** The fault's id. Throws ZodError. */
  inject(spec: FaultSpec): number {
    return this.#parts.faults.inject(spec);
  }

  faults(): readonly InjectedFault[] {
    return this.#parts.faults.list();
  }

  /** Clears one fault, or all; whether there was any. */
  clearFaults(id?: number): boolean {
    return this.#parts.faults.clear(id);
  }

  /** Expires all API keys. */
  expireKeys(): void {
    this.#parts.access.expireKeys();
  }

  /** Lets every session time out: its next call without another way in gets code 22. */
  timeOutSessions(): void {
    this.#parts.access.timeOutSessions();
  }

  /** Of the first account. */
  changePassword(password: string): void {
    this.#parts.access.changePassword(password);
  }

  /** Adds an administrator, or replaces one. Throws ZodError. */
  setAccount(spec: AccountSpec): void {
    this.#parts.access.setAccount(spec);
  }

  /** Whether there was such an administrator. */
  deleteAccount(name: string): boolean {
    return this.#parts.access.deleteAccount(name);
  }

  /** As at the start: nothing held, no faults, an empty log, the first settings, accounts, key and firewalls. */
  reset(): void {
    const { device, access, faults, log, concurrency, fleet } = this.#parts;
    device.reset();
    fleet?.reset();
    access.reset();
    faults.clear();
    log.clear();
    concurrency.clear();
  }
}
