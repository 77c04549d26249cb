// Controls of the firewalls behind a Panorama, for tests and people.

import { DeviceControls } from '../control/device-controls.ts';
import type { Fleet } from './fleet.ts';
import type { MemberChange, MemberSpec } from './member.ts';

export type MemberView = {
  readonly serial: string;
  readonly hostname: string;
  readonly connected: boolean;
  readonly vsys: readonly string[];
  /** Group -> the vsys of this firewall in it. */
  readonly deviceGroups: Readonly<Record<string, readonly string[]>>;
};

export class FleetControls {
  readonly #fleet: Fleet;
  readonly #clock: () => number;

  constructor(fleet: Fleet, clock: () => number) {
    this.#fleet = fleet;
    this.#clock = clock;
  }

  members(): readonly MemberView[] {
    return this.#fleet.members().map(({ serial, connected, device, groups }) => ({
      serial,
      hostname: device.identity.hostname,
      connected,
      vsys: device.vsys,
      deviceGroups: Object.fromEntries(groups),
    }));
  }

  deviceGroups(): readonly string[] {
    return this.#fleet.groupNames();
  }

  /** A firewall joins; one that left before comes back with what it holds. Throws ZodError or RangeError. */
  join(spec: MemberSpec): void {
    this.#fleet.join(spec);
  }

  /** Whether it was managed. */
  leave(serial: string): boolean {
    return this.#fleet.leave(serial);
  }

  /** Connects or disconnects a firewall, or moves it to another device group. Throws ZodError or RangeError. */
  change(serial: string, change: MemberChange): void {
    this.#fleet.change(serial, change);
  }

  /** Moves a device group, made where it is new, below another one; null: to the top. Throws ZodError or RangeError. */
  nest(group: string, parent: string | null): void {
    this.#fleet.nest(group, parent);
  }

  /** Whether there was such a group. */
  deleteDeviceGroup(name: string): boolean {
    return this.#fleet.deleteGroup(name);
  }

  /** The controls of one firewall; a reboot disconnects it. Throws RangeError for one that is not managed. */
  firewall(serial: string): DeviceControls {
    const member = this.#fleet.find(serial);
    if (!member) throw new RangeError(`${serial} is not managed`);
    const interrupt = (downMs: number): void => this.#fleet.interrupt(serial, downMs);
    return new DeviceControls({ device: member.device, clock: this.#clock, interrupt });
  }
}
