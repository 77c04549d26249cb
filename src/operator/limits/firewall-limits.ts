// Limits of one PanFirewall's devices, updated by changes of the cluster and of the spec.

import type { Desired } from '../../core/desired/desired.ts';
import {
  type ConfiguredLimits,
  type Deserved,
  DeviceLimits,
  type LimitedTable,
} from '../../core/limits/device-limits.ts';
import { type Limited, largestOfEach, type LimitedShare, LimitTally } from '../../core/limits/limit-tally.ts';
import type { PolicyId } from '../../core/model/model.ts';
import { limitsOfModel } from '../../core/device/model-limits.ts';
import type { DesiredTags } from '../../core/table/desired-tags.ts';
import type { Timing } from '../../core/model/timing.ts';
import type { TableRef } from '../../core/model/table-ref.ts';
import type { LimitedAddresses } from '../../core/status/policy-status.ts';
import { type DeviceBooks, exceeded } from './limits-view.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { DeviceInfo } from '../device/device-port.ts';

/** A table worker, as far as limits go. */
export type LimitedWorker = {
  readonly ref: TableRef;
  readonly limited: LimitedTable;
  /** Tags of the address that do not fit. */
  unfitAt(address: string): readonly string[];
};

type FirewallLimitsOptions = {
  readonly firewall: string;
  readonly desired: Desired;
  readonly workers: () => readonly LimitedWorker[];
  /** spec.limits. */
  readonly spec: () => {
    readonly maxAddresses: number | undefined;
    readonly maxTagsPerAddress: number | undefined;
  };
  /** Of the device that holds the table; undefined while it is not known. */
  readonly deviceOf: (ref: TableRef) => DeviceInfo | undefined;
  readonly log: Logger;
  readonly timing: Timing;
};

/** The limits of its device, as one table asks for them. */
export type TableLimits = {
  readonly device: DeviceLimits;
  /** Up to date. */
  books(): DeviceBooks;
  /** Takes up what has moved; false while nothing should be sent, as what else the device holds is not known yet. */
  ready(now: number): boolean;
};

type Device = DeviceBooks & {
  /** Addresses whose standing must be looked at again. */
  readonly stale: Set<string>;
  /** Who the device is, as it was last met. */
  met: string | undefined;
  /** The log has said that it is nearly full. */
  warned: boolean;
};

export class FirewallLimits {
  readonly #options: FirewallLimitsOptions;
  /** By serial; '' is the endpoint's own device. */
  readonly #devices = new Map<string, Device>();

  constructor(options: FirewallLimitsOptions) {
    this.#options = options;
  }

  of(ref: TableRef): TableLimits {
    const serial = ref.serial ?? '';
    const { limits } = this.#deviceOf(serial);
    return {
      device: limits,
      books: () => this.#fresh(serial),
      ready: (now) => {
        this.#meet(ref);
        limits.probe(now);
        limits.settle();
        this.#warn(ref);
        return !limits.mustWait;
      },
    };
  }

  /** What the table shall hold, as far as its device takes it. */
  desiredOf(ref: TableRef): DesiredTags {
    const { firewall, desired } = this.#options;
    const { limits, stale } = this.#deviceOf(ref.serial ?? '');
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
        moved: (address) => stale.add(address),
      },
    };
  }

  /** The desired tags of the address changed, or their policies; its tables know it already. */
  note(address: string): void {
    const { firewall, desired } = this.#options;
    const isCut = desired.isCutAt(firewall, address);
    for (const { limits, tally, stale } of this.#devices.values()) {
      limits.note(address);
      // Whatever gets out or in is told by the limits; a standby, which asks nothing, must not pile up the rest.
      if (tally.knows(address) || isCut) stale.add(address);
    }
  }

  /** spec.limits may have been edited. */
  changed(): void {
    for (const { limits } of this.#devices.values()) limits.limitsChanged();
  }

  /** Tables came or went: a device without any keeps nobody out any more, and the others share its room anew. */
  tablesChanged(): void {
    for (const serial of this.#devices.keys())
      if (this.#workersOf(serial).length === 0) this.#devices.delete(serial);
    this.changed();
  }

  /** The policies of which something is out on any of the devices. */
  limitedPolicies(): Iterable<PolicyId> {
    return new Set([...this.#devices.keys()].flatMap((serial) => [...this.#fresh(serial).tally.policies()]));
  }

  /** What of a policy is out on any of the devices. */
  sharesOf(policy: PolicyId): readonly LimitedShare[] {
    const shares = [...this.#devices.keys()].map((serial) => this.#fresh(serial).tally.sharesOf(policy));
    return shares.length === 1 ? (shares[0] ?? []) : largestOfEach(shares.flat());
  }

  /** The same as a status tells it: which limit, what is out, what to do. */
  limitedOf(policy: PolicyId): readonly LimitedAddresses[] {
    return this.sharesOf(policy).flatMap(({ reason, addresses, examples }) => {
      const devices = [...this.#devices.values()];
      const { limits } = devices.find(({ tally }) => tally.example(reason) !== undefined) ?? {};
      const finding = limits && exceeded(reason, limits, examples[0]);
      return finding === undefined ? [] : [{ finding, addresses, examples }];
    });
  }

  /** Something that this policy gives the address is out on a device. */
  isOut(policy: PolicyId, address: string): boolean {
    return [...this.#devices.keys()].some((serial) => this.#fresh(serial).tally.has(policy, address));
  }

  /** A device that is another one, or has another release, may take more. */
  #meet(ref: TableRef): void {
    const device = this.#deviceOf(ref.serial ?? '');
    const info = this.#options.deviceOf(ref);
    const met = info && `${info.serial} ${info.model} ${info.swVersion}`;
    if (met === undefined || met === device.met) return;
    device.met = met;
    device.limits.forgetRefusals();
  }

  /** One line when it begins, and one when it ends. */
  #warn({ serial }: TableRef): void {
    const device = this.#deviceOf(serial ?? '');
    const { capacity, used, warns } = device.limits;
    if (warns === device.warned) return;
    device.warned = warns;
    const facts = { serial, capacity, used };
    if (warns) this.#options.log.warn(facts, 'device nearly full');
    else this.#options.log.info(facts, 'device no longer nearly full');
  }

  #deviceOf(serial: string): Device {
    const known = this.#devices.get(serial);
    if (known !== undefined) return known;
    const stale = new Set<string>();
    const tables = () => this.#workersOf(serial).map(({ limited }) => limited);
    const configured = () => this.#configured(serial);
    const moved = (address: string) => stale.add(address);
    const { timing } = this.#options;
    const limits = new DeviceLimits({ deserved: this.#deserved(), tables, configured, moved, timing });
    const device: Device = { limits, tally: new LimitTally(), stale, met: undefined, warned: false };
    this.#devices.set(serial, device);
    return device;
  }

  #fresh(serial: string): DeviceBooks {
    const device = this.#deviceOf(serial);
    for (const address of device.stale) device.tally.put(address, this.#limitedAt(address, serial));
    device.stale.clear();
    return device;
  }

  #limitedAt(address: string, serial: string): Limited | undefined {
    const { firewall, desired } = this.#options;
    const pod = desired.holderOf(address);
    if (pod === undefined) return undefined;
    if (this.#deviceOf(serial).limits.isOut(address))
      return { reason: 'Capacity', pod, policies: [...desired.policiesBehind(firewall, address)] };
    const unfit = new Set(this.#workersOf(serial).flatMap((worker) => worker.unfitAt(address)));
    const unfitting = unfit.size === 0 ? [] : desired.policiesBehind(firewall, address, unfit);
    const policies = new Set([...unfitting, ...desired.policiesCutAt(firewall, address)]);
    return policies.size === 0 ? undefined : { reason: 'TagLimit', pod, policies: [...policies] };
  }

  #workersOf(serial: string): readonly LimitedWorker[] {
    return this.#options.workers().filter(({ ref }) => (ref.serial ?? '') === serial);
  }

  #configured(serial: string): ConfiguredLimits {
    const { spec, deviceOf } = this.#options;
    const { maxAddresses, maxTagsPerAddress } = spec();
    const device = deviceOf({ serial: serial === '' ? undefined : serial, vsys: undefined });
    const model = limitsOfModel(device?.model ?? '');
    return {
      addresses: maxAddresses ?? model.addresses,
      tagsPerAddress: maxTagsPerAddress ?? model.tagsPerAddress,
    };
  }

  #deserved(): Deserved {
    const { firewall, desired } = this.#options;
    return {
      tagsOf: (address) => desired.tagsOf(firewall, address),
      addresses: () => desired.addressesOf(firewall),
      get count() {
        return desired.countOf(firewall);
      },
      rankOf: (address) => desired.rankOf(firewall, address),
      namespaceOf: (address) => desired.holderOf(address)?.namespace,
    };
  }
}
