// Limits of one device as its table workers and the statuses ask for them: settled, told to its tables, counted by policy.

import type { Desired } from '../../core/desired/desired.ts';
import { type Answer, type Deserved, DeviceLimits } from '../../core/limits/device-limits.ts';
import { type Limited, LimitTally } from '../../core/limits/limit-tally.ts';
import { limitsOfModel } from '../../core/device/model-limits.ts';
import type { Timing } from '../../core/model/timing.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { FirewallSettings } from '../device/credentials.ts';
import type { DeviceInfo } from '../device/device-port.ts';
import type { LimitedWorker } from './limited-table.ts';

export type LimitedDeviceOptions = {
  readonly firewall: string;
  readonly serial: string | undefined;
  readonly desired: Desired;
  /** Those of the tables. */
  readonly workers: () => readonly LimitedWorker[];
  /** spec.limits. */
  readonly spec: () => Omit<FirewallSettings['limits'], 'maxConcurrentCalls'>;
  /** Undefined while it is not known. */
  readonly device: () => DeviceInfo | undefined;
  readonly log: Logger;
  readonly timing: Timing;
};

/** The limits of its device, as one table asks for them. */
export type TableLimits = Pick<LimitedDevice, 'limits' | 'tally' | 'ready' | 'refresh' | 'answered'>;

export class LimitedDevice {
  readonly #options: LimitedDeviceOptions;
  readonly limits: DeviceLimits;
  readonly #tally = new LimitTally();
  /** Addresses that are to be counted anew. */
  readonly #uncounted = new Set<string>();
  /** Who the device is, as it was last met. */
  #met: string | undefined;
  /** The log has said that it is nearly full. */
  #warned = false;

  constructor(options: LimitedDeviceOptions) {
    this.#options = options;
    this.limits = new DeviceLimits({
      deserved: deservedOf(options),
      tables: () => options.workers().map(({ limited }) => limited),
      configured: () => this.#configured(),
      timing: options.timing,
    });
  }

  /** What is out by now, by policy. */
  get tally(): LimitTally {
    // It is asked for each policy: where nothing has moved it costs nothing.
    if (this.limits.isStale) this.refresh();
    for (const address of this.#uncounted) this.#tally.put(address, this.#limitedAt(address));
    this.#uncounted.clear();
    return this.#tally;
  }

  /** Before a message. @returns false while none should be sent, as what else the device holds is not known yet. */
  ready(now: number): boolean {
    this.#meet();
    this.limits.probe(now);
    this.refresh();
    this.#warn();
    return !this.limits.mustWait;
  }

  /** Settles who has a slot, and has the tables look again at what that changes. */
  refresh(): void {
    this.limits.settle();
    const { addresses, all } = this.limits.takeReview();
    const workers = this.#options.workers();
    if (all || addresses.size > 0) for (const { limited } of workers) limited.review(all ? 'all' : addresses);
    for (const address of addresses) this.#uncounted.add(address);
    for (const { limited } of workers)
      for (const address of limited.takeUnfitChanges()) this.#uncounted.add(address);
  }

  /** Takes up an answer. @returns addresses of the table of which what was refused may be sent again at once. */
  answered(answer: Answer, now: number): ReadonlySet<string> {
    const retry = this.limits.answered(answer, now);
    this.refresh();
    return retry;
  }

  /** The desired tags of the address changed, or their policies. */
  note(address: string): void {
    const { firewall, desired, workers } = this.#options;
    // What gets out or in is found when the slots are settled; a standby, which settles nothing, must not pile up the rest.
    if (this.#tally.knows(address) || desired.isCutAt(firewall, address)) this.#uncounted.add(address);
    if (this.limits.note(address)) for (const { limited } of workers()) limited.wake();
  }

  /** spec.limits may have been edited, or tables came or went. */
  changed(): void {
    for (const address of this.#tally.addresses()) this.#uncounted.add(address);
    this.limits.limitsChanged();
    this.refresh();
  }

  /** A device that is another one, or has another release, may take more. */
  #meet(): void {
    const info = this.#options.device();
    const met = info && `${info.serial} ${info.model} ${info.swVersion}`;
    if (met === undefined || met === this.#met) return;
    this.#met = met;
    this.limits.forgetRefusals();
  }

  /** One line when it begins, and one when it ends. */
  #warn(): void {
    const { serial, log } = this.#options;
    const { capacity, used, warns } = this.limits;
    if (warns === this.#warned) return;
    this.#warned = warns;
    const facts = { serial, capacity, used };
    if (warns) log.warn(facts, 'device nearly full');
    else log.info(facts, 'device no longer nearly full');
  }

  #limitedAt(address: string): Limited | undefined {
    const { firewall, desired, workers } = this.#options;
    const pod = desired.holderOf(address);
    if (pod === undefined) return undefined;
    if (this.limits.isOut(address))
      return { reason: 'Capacity', pod, policies: [...desired.policiesBehind(firewall, address)] };
    const unfit = new Set(workers().flatMap(({ limited }) => limited.unfitAt(address)));
    const unfitting = unfit.size === 0 ? [] : desired.policiesBehind(firewall, address, unfit);
    const policies = new Set([...unfitting, ...desired.policiesCutAt(firewall, address)]);
    return policies.size === 0 ? undefined : { reason: 'TagLimit', pod, policies: [...policies] };
  }

  #configured() {
    const { spec, device } = this.#options;
    const { maxAddresses, maxTagsPerAddress } = spec();
    const model = limitsOfModel(device()?.model ?? '');
    return {
      addresses: maxAddresses ?? model.addresses,
      tagsPerAddress: maxTagsPerAddress ?? model.tagsPerAddress,
    };
  }
}

function deservedOf({ firewall, desired }: LimitedDeviceOptions): Deserved {
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
