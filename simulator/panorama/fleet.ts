// The firewalls that a Panorama manages: which there are, whether they are connected, and their device groups.

import type { Device } from '../device/device.ts';
import type { Refusal } from '../device/registered-ips.ts';
import {
  changeSchema,
  groupsOf,
  makeMemberDevice,
  memberSchema,
  nestingSchema,
  type MemberChange,
  type MemberOptions,
  type MemberSpec,
} from './member.ts';

type Member = {
  readonly device: Device;
  readonly serial: string;
  readonly connected: boolean;
  /** Group to the vsys of this firewall that are in it. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
};

type Managed = {
  readonly device: Device;
  readonly serial: string;
  connected: boolean;
  downUntil: number;
  groups: Map<string, string[]>;
};

type FleetOptions = {
  /** Those that are there from the start. */
  readonly firewalls: readonly MemberSpec[];
  readonly clock: () => number;
  /** The injected refusals of single pairs, for the firewall with this serial. */
  readonly refusalOf: (serial: string) => Refusal;
};

export class Fleet {
  readonly #options: FleetOptions;
  readonly #managed = new Map<string, Managed>();
  /** Firewalls that left keep what they hold. */
  readonly #left = new Map<string, Managed>();
  /** Groups stay when their last member goes. */
  readonly #groups = new Set<string>();
  /** Group to the one that it is below of. */
  readonly #parents = new Map<string, string>();

  constructor(options: FleetOptions) {
    this.#options = options;
    this.reset();
  }

  /** In the order of their joining. */
  members(): readonly Member[] {
    const now = this.#options.clock();
    return [...this.#managed.values()].map((one) => ({
      ...one,
      connected: one.connected && now >= one.downUntil,
    }));
  }

  find(serial: string): Member | undefined {
    return this.members().find((member) => member.serial === serial);
  }

  groupNames(): readonly string[] {
    return [...this.#groups];
  }

  /** A firewall joins; one that was there before comes back as it is. Throws ZodError or RangeError. */
  join(spec: MemberSpec): void {
    const member = memberSchema.parse(spec);
    const { serial, connected, deviceGroup } = member;
    if (this.#managed.has(serial)) throw new RangeError(`${serial} is managed already`);
    const back = this.#left.get(serial);
    const device = back?.device ?? this.#makeDevice(member);
    this.#left.delete(serial);
    this.#managed.set(serial, { device, serial, connected, downUntil: 0, groups: new Map() });
    this.#regroup(serial, groupsOf(device.vsys, deviceGroup));
  }

  /** Whether it was managed. */
  leave(serial: string): boolean {
    const member = this.#managed.get(serial);
    if (member) this.#left.set(serial, member);
    return this.#managed.delete(serial);
  }

  /** Connects or disconnects a firewall, or moves it to another group. Throws ZodError or RangeError. */
  change(serial: string, change: MemberChange): void {
    const { connected, deviceGroup } = changeSchema.parse(change);
    const member = this.#managed.get(serial);
    if (!member) throw new RangeError(`${serial} is not managed`);
    member.connected = connected ?? member.connected;
    if (deviceGroup !== undefined) this.#regroup(serial, groupsOf(member.device.vsys, deviceGroup));
  }

  /** Loses the connection to a firewall until `downMs` have passed. */
  interrupt(serial: string, downMs: number): void {
    const member = this.#managed.get(serial);
    if (member) member.downUntil = this.#options.clock() + downMs;
  }

  parentOf(group: string): string | undefined {
    return this.#parents.get(group);
  }

  /** Moves a group, made where it is new, below another one; null: to the top. Throws ZodError or RangeError. */
  nest(group: string, parent: string | null): void {
    const { name, below } = nestingSchema.parse({ name: group, below: parent });
    for (let one: string | undefined = below ?? undefined; one !== undefined; one = this.#parents.get(one))
      if (one === name) throw new RangeError(`${name} cannot be below itself`);
    this.#groups.add(name);
    if (below === null) this.#parents.delete(name);
    else {
      this.#groups.add(below);
      this.#parents.set(name, below);
    }
  }

  /** Deletes a group; its members are in none then, and those below it at the top. Whether there was one. */
  deleteGroup(name: string): boolean {
    this.#parents.delete(name);
    for (const [group, parent] of this.#parents) if (parent === name) this.#parents.delete(group);
    for (const member of this.#managed.values()) member.groups.delete(name);
    return this.#groups.delete(name);
  }

  /** As at the start: the first firewalls, new ones, and their groups. Throws ZodError or RangeError. */
  reset(): void {
    this.#managed.clear();
    this.#left.clear();
    this.#groups.clear();
    this.#parents.clear();
    for (const firewall of this.#options.firewalls) this.join(firewall);
  }

  #regroup(serial: string, groups: Map<string, string[]>): void {
    const member = this.#managed.get(serial);
    if (member) member.groups = groups;
    for (const name of groups.keys()) this.#groups.add(name);
  }

  #makeDevice(member: MemberOptions): Device {
    const { clock, refusalOf } = this.#options;
    return makeMemberDevice(member, { clock, refusal: refusalOf(member.serial) });
  }
}
