// The firewalls that a Panorama manages: which there are, whether they are connected, and their device groups.

import * as z from 'zod';
import { Device } from '../device.ts';
import { haSchema } from '../ha.ts';
import { defaultIdentity } from '../identity.ts';
import type { Refusal } from '../registered-ips.ts';
import { patchSettings, defaultSettings, settingsPatchSchema } from '../settings.ts';

export const memberSchema = z.strictObject({
  serial: z.string().min(1),
  hostname: z.string().min(1).optional(),
  ipAddress: z.string().min(1).optional(),
  model: z.string().min(1).optional(),
  swVersion: z.string().min(1).optional(),
  vsys: z.array(z.string().min(1)).min(1).default(['vsys1']),
  deviceGroup: z
    .union([z.string().min(1), z.record(z.string(), z.string().min(1))])
    .optional()
    .describe('of the whole firewall, or vsys -> group'),
  connected: z.boolean().default(true),
  ha: haSchema.optional(),
  settings: settingsPatchSchema.optional(),
});

export type MemberSpec = z.input<typeof memberSchema>;
type MemberOptions = z.output<typeof memberSchema>;

const changeSchema = z.strictObject({
  connected: z.boolean().optional(),
  deviceGroup: memberSchema.shape.deviceGroup.nullable().describe('null: none'),
});

export type MemberChange = z.input<typeof changeSchema>;

export type Member = {
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

export type FleetOptions = {
  readonly clock: () => number;
  /** The injected refusals of single pairs, for the firewall with this serial. */
  readonly refusalOf: (serial: string) => Refusal;
};

const groupsOf = (
  vsys: readonly string[],
  deviceGroup: MemberOptions['deviceGroup'] | null,
): Map<string, string[]> => {
  if (deviceGroup === undefined || deviceGroup === null) return new Map();
  if (typeof deviceGroup === 'string') return new Map([[deviceGroup, [...vsys]]]);
  const groups = new Map<string, string[]>();
  for (const [id, group] of Object.entries(deviceGroup))
    groups.set(group, [...(groups.get(group) ?? []), id]);
  return groups;
};

export class Fleet {
  readonly #options: FleetOptions;
  readonly #managed = new Map<string, Managed>();
  /** Firewalls that left keep what they hold. */
  readonly #left = new Map<string, Managed>();
  /** Groups stay when their last member goes. */
  readonly #groups = new Set<string>();

  constructor(options: FleetOptions) {
    this.#options = options;
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

  /** Deletes a group; its members are in none then. Whether there was one. */
  deleteGroup(name: string): boolean {
    for (const member of this.#managed.values()) member.groups.delete(name);
    return this.#groups.delete(name);
  }

  clear(): void {
    this.#managed.clear();
    this.#left.clear();
    this.#groups.clear();
  }

  #regroup(serial: string, groups: Map<string, string[]>): void {
    const member = this.#managed.get(serial);
    if (member) member.groups = groups;
    for (const name of groups.keys()) this.#groups.add(name);
  }

  #makeDevice({ serial, vsys, ha, settings, ...named }: MemberOptions): Device {
    const identity = {
      ...defaultIdentity,
      serial,
      hostname: named.hostname ?? `fw-${serial}`,
      ipAddress: named.ipAddress ?? defaultIdentity.ipAddress,
      model: named.model ?? defaultIdentity.model,
      swVersion: named.swVersion ?? defaultIdentity.swVersion,
    };
    const { clock, refusalOf } = this.#options;
    const device = new Device({
      identity,
      vsys,
      settings: patchSettings(defaultSettings, settings ?? {}),
      refusal: refusalOf(serial),
      clock,
    });
    device.ha = ha;
    return device;
  }
}
