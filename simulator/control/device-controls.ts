// Controls of one device that tests and people use besides its XML API.

import * as z from 'zod';
import { addressGroupSchema, membersOf, type AddressGroupSpec } from '../device/address-groups.ts';
import type { Device } from '../device/device.ts';
import { haSchema, type Ha, type HaSpec } from '../device/ha.ts';
import { entriesOf, plantInto, type Planting, type Tables } from './planting.ts';
import { patchSettings, type Settings, type SettingsPatch } from '../settings.ts';
import type { RegisteredIpTable } from '../device/table.ts';

const rebootSchema = z.strictObject({
  downMs: z.number().min(0).default(0).describe('how long connections are reset'),
  deniedMs: z.number().min(0).default(0).describe('how long every login and key is denied, from now on'),
  swVersion: z.string().min(1).optional().describe('the release that comes up'),
});

export type Reboot = z.input<typeof rebootSchema>;

export type DeviceControlParts = {
  readonly device: Device;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Cuts every connection, refuses new ones for some milliseconds, and denies logins for some. */
  interrupt(downMs: number, deniedMs: number): void;
};

export type AddressGroupView = {
  readonly vsys: string;
  readonly name: string;
  readonly filter: string;
  readonly inUse: boolean;
  /** Canonical texts; those that the filter selects, in use or not. */
  readonly members: readonly string[];
};

/** vsys -> what is known of users. */
export type UsersView = Readonly<
  Record<
    string,
    {
      /** Address -> user. */
      readonly logins: Readonly<Record<string, string>>;
      readonly groups: Readonly<Record<string, readonly string[]>>;
      readonly tags: Readonly<Record<string, readonly string[]>>;
    }
  >
>;

export class DeviceControls {
  readonly #parts: DeviceControlParts;

  constructor(parts: DeviceControlParts) {
    this.#parts = parts;
  }

  tables(): Tables {
    const now = this.#parts.clock();
    const tables = [...this.#parts.device.tables()];
    return Object.fromEntries(tables.map(([vsys, table]) => [vsys, entriesOf(table, now)]));
  }

  /** Removes and adds entries as another writer would, removals first. Throws ZodError or RangeError. */
  plant(planting: Planting): void {
    plantInto(this.#parts.device.tables(), planting, this.#parts.clock());
  }

  /** Empties every table of registered addresses. */
  wipe(): void {
    for (const table of this.#parts.device.tables().values()) table.clear();
  }

  users(): UsersView {
    const views = [...this.#parts.device.users()].map(([vsys, { mappings, groups, tags }]) => {
      const logins = [...mappings].map(([ip, { user }]): [string, string] => [ip, user]);
      const named = [...tags].map(([user, names]): [string, string[]] => [user, [...names.keys()]]);
      const view = { logins, groups, tags: named };
      return [
        vsys,
        {
          logins: Object.fromEntries(view.logins),
          groups: Object.fromEntries(view.groups),
          tags: Object.fromEntries(view.tags),
        },
      ] as const;
    });
    return Object.fromEntries(views);
  }

  /** The configured dynamic address groups with their members now. */
  addressGroups(): readonly AddressGroupView[] {
    const { device } = this.#parts;
    return [...device.tables()].flatMap(([vsys, table]) =>
      device.addressGroups
        .of(vsys)
        .map((group) => ({ vsys, ...group, members: membersOf(group.filter, table) })),
    );
  }

  /** Configures a dynamic address group. Throws ZodError or RangeError. */
  setAddressGroup(spec: AddressGroupSpec): void {
    const { vsys, ...group } = addressGroupSchema.parse(spec);
    this.#parts.device.addressGroups.set(this.#knownVsys(vsys), group);
  }

  /** Whether there was such a group. */
  deleteAddressGroup(name: string, vsys?: string): boolean {
    return this.#parts.device.addressGroups.delete(this.#knownVsys(vsys), name);
  }

  ha(): Ha | undefined {
    return this.#parts.device.ha;
  }

  /** Sets what the device says of its HA state; null: HA is off. Throws ZodError. */
  setHa(spec: HaSpec | null): void {
    this.#parts.device.ha = spec === null ? undefined : haSchema.parse(spec);
  }

  /** Swaps active and passive of an HA pair. Throws RangeError for a device alone. */
  failOver(): void {
    const { pair } = this.#parts.device;
    if (!pair) throw new RangeError('the device has no HA peer');
    pair.failOver();
  }

  /** The settings, changed by `patch` first. Throws ZodError. */
  settings(patch: SettingsPatch = {}): Settings {
    const { device } = this.#parts;
    device.settings = patchSettings(device.settings, patch);
    return device.settings;
  }

  /** Loses what is not persistent, and all connections. Throws ZodError. */
  reboot(reboot: Reboot = {}): void {
    const { downMs, deniedMs, swVersion } = rebootSchema.parse(reboot);
    this.#parts.device.reboot(swVersion);
    this.#parts.interrupt(downMs, deniedMs);
  }

  #knownVsys(vsys: string | undefined): string {
    const tables: ReadonlyMap<string, RegisteredIpTable> = this.#parts.device.tables();
    const known = vsys ?? [...tables.keys()][0] ?? '';
    if (!tables.has(known)) throw new RangeError(`no vsys ${known}`);
    return known;
  }
}
