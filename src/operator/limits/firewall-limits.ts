// Limits of one PanFirewall: those of each of its devices, updated with the cluster and the spec.

import { namespaceOf } from '../../core/model/policy-scope.ts';
import { largestOfEach, type LimitedShare } from '../../core/limits/limit-tally.ts';
import type { PolicyId } from '../../core/model/model.ts';
import type { DesiredTags } from '../../core/table/desired-tags.ts';
import type { TableRef } from '../../core/model/table-ref.ts';
import type { LimitedAddresses } from '../../core/status/policy-status.ts';
import type { DeviceInfo } from '../device/device-port.ts';
import { LimitedDevice, type LimitedDeviceOptions } from './limited-device.ts';
import type { LimitedWorker } from './limited-table.ts';
import { exceeded } from './limits-view.ts';

type FirewallLimitsOptions = Omit<LimitedDeviceOptions, 'serial' | 'device'> & {
  /** Of the device that holds the table; undefined while it is not known. */
  readonly deviceOf: (ref: TableRef) => DeviceInfo | undefined;
};

export class FirewallLimits {
  readonly #options: FirewallLimitsOptions;
  /** By serial; undefined is the endpoint's own device. */
  readonly #devices = new Map<string | undefined, LimitedDevice>();

  constructor(options: FirewallLimitsOptions) {
    this.#options = options;
  }

  /** Of the device that holds the table. */
  of({ serial }: TableRef): LimitedDevice {
    const known = this.#devices.get(serial);
    if (known !== undefined) return known;
    const { firewall, desired, spec, deviceOf, log, timing } = this.#options;
    const device = new LimitedDevice({
      firewall,
      serial,
      desired,
      workers: () => this.#workersOf(serial),
      spec,
      device: () => deviceOf({ serial, vsys: undefined }),
      log,
      timing,
    });
    this.#devices.set(serial, device);
    return device;
  }

  /** What the table shall hold, as far as its device takes it. */
  desiredOf(ref: TableRef): DesiredTags {
    const { firewall, desired } = this.#options;
    const { limits } = this.of(ref);
    return {
      tagsOf: (address) => limits.tagsOf(address),
      addresses: () => desired.addressesOf(firewall),
      limits: {
        firewall,
        deserved: (address) => desired.tagsOf(firewall, address),
        get tagsPerAddress() {
          return limits.configuredTags;
        },
        ranksAt: (address) => desired.ranksAt(firewall, address),
        refusedBeyond: (address) => limits.refusedTagsAt(address),
        displacementOf: (address) => limits.displacementOf(address),
      },
    };
  }

  /** The desired tags of the address changed, or their policies. */
  note(address: string): void {
    for (const device of this.#devices.values()) device.note(address);
  }

  /** spec.limits may have been edited. */
  changed(): void {
    for (const device of this.#devices.values()) device.changed();
  }

  /** Tables came or went: a device without any keeps nothing out any more, and the others share its capacity anew. */
  tablesChanged(): void {
    for (const serial of this.#devices.keys())
      if (this.#workersOf(serial).length === 0) this.#devices.delete(serial);
    this.changed();
  }

  /** The policies of which something is out on any of the devices. */
  limitedPolicies(): Iterable<PolicyId> {
    return new Set([...this.#devices.values()].flatMap(({ tally }) => [...tally.policies()]));
  }

  /** What of a policy is out on any of the devices. */
  sharesOf(policy: PolicyId): readonly LimitedShare[] {
    const shares = [...this.#devices.values()].map(({ tally }) => tally.sharesOf(policy));
    return shares.length === 1 ? (shares[0] ?? []) : largestOfEach(shares.flat());
  }

  /** The same as a status tells it: which limit, what is out, what to do. */
  limitedOf(policy: PolicyId): readonly LimitedAddresses[] {
    const reader = namespaceOf(policy) === undefined ? 'administrator' : 'tenant';
    return this.sharesOf(policy).flatMap(({ reason, addresses, examples }) => {
      const devices = [...this.#devices.values()];
      const { limits } = devices.find(({ tally }) => tally.example(reason) !== undefined) ?? {};
      const finding = limits && exceeded(reason, limits, examples[0], reader);
      return finding === undefined ? [] : [{ finding, addresses, examples }];
    });
  }

  /** Something that this policy gives the address is out on a device. */
  isOut(policy: PolicyId, address: string): boolean {
    return [...this.#devices.values()].some(({ tally }) => tally.has(policy, address));
  }

  #workersOf(serial: string | undefined): readonly LimitedWorker[] {
    return this.#options.workers().filter(({ ref }) => ref.serial === serial);
  }
}
