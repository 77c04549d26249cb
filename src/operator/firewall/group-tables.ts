// The tables that the entries of spec.tables come to, device groups included, which are looked up while we lead.

import type { DeviceError } from '../../core/model/device-error.ts';
import { type Finding, worst } from '../../core/model/finding.ts';
import {
  asksFor,
  type GroupsAnswer,
  GroupMembership,
  groupsOf,
  listedGroupOf,
  type TableEntry,
} from '../../core/device/device-groups.ts';
import type { Timing } from '../../core/model/timing.ts';
import type { ShownTable } from '../../core/status/firewall-status.ts';
import type { Logger } from '../../runtime/logger.ts';
import { GroupDiscovery } from './group-discovery.ts';

export type GroupTablesOptions = {
  /** Of the spec, as it is by now. */
  readonly entries: () => readonly TableEntry[];
  readonly lookUp: (signal: AbortSignal) => Promise<GroupsAnswer>;
  /** Groups could not be looked up. */
  readonly failed: (failure: DeviceError) => void;
  readonly log: Logger;
  /** Monotonic ms. */
  readonly now: () => number;
  readonly timing: Timing;
};

export class GroupTables {
  readonly #options: GroupTablesOptions;
  readonly #membership: GroupMembership;
  readonly #discovery: GroupDiscovery;

  /** @param told takes up that something was found, or was not. */
  constructor(options: GroupTablesOptions, told: () => Promise<void>) {
    this.#options = options;
    this.#membership = new GroupMembership(options.timing);
    this.#discovery = new GroupDiscovery({
      wanted: () => this.#groups.length > 0,
      look: options.lookUp,
      found: (groups) => {
        this.#membership.tell(groups, this.#groups, options.now());
        return told();
      },
      failed: (failure) => {
        options.failed(failure);
        this.#membership.fail(failure, this.#groups);
        return told();
      },
      log: options.log,
      lookMs: options.timing.groupLookMs,
    });
  }

  /** Nothing has been looked up yet. @param former what was kept before, of which some was found in groups. */
  begin(former: readonly TableEntry[]): void {
    this.#membership.begin(former);
    this.#discovery.begin();
  }

  /** Looks now and then, until the signal. */
  run(signal: AbortSignal): Promise<void> {
    return this.#discovery.run(signal);
  }

  /** Looks at once. */
  soon(): void {
    this.#discovery.soon();
  }

  /** Who was in a group before is not touched until it is known whether it still is. Rejects with the signal's reason. */
  async awaited({ deviceGroup }: TableEntry, signal: AbortSignal): Promise<void> {
    if (deviceGroup !== undefined) await this.#discovery.firstLook(signal);
  }

  /** Every table that is known by now. */
  get tables(): readonly TableEntry[] {
    return this.#membership.tables(this.#options.entries());
  }

  /** Every group has been looked for once. */
  get seen(): boolean {
    return !this.#groups.some((group) => this.#membership.isUnseen(group));
  }

  /** The members of every group are known, if it has any. */
  get known(): boolean {
    return this.#groups.every((group) => this.#membership.isKnown(group));
  }

  /** Every group has told its members: a table that is not among `tables` is not wanted. */
  get told(): boolean {
    return this.#groups.every((group) => this.#membership.isTold(group));
  }

  get finding(): Finding | undefined {
    return worst(this.#groups.flatMap((group) => this.#membership.findingOf(group) ?? []));
  }

  /** The spec still asks for it, and its firewall is not in the group any more. */
  departs(table: TableEntry): boolean {
    return this.asksFor(table) && this.#membership.isTold(listedGroupOf(table));
  }

  asksFor(table: TableEntry): boolean {
    return asksFor(this.#options.entries(), table);
  }

  /** The table with what is to be said of its group. */
  annotated(table: ShownTable): ShownTable {
    const { ref, view } = table;
    const note = ref.deviceGroup === undefined ? undefined : this.#membership.noteOf(listedGroupOf(ref));
    return note === undefined ? table : { ref, view: { ...view, notes: [...view.notes, note] } };
  }

  get #groups(): readonly string[] {
    return groupsOf(this.#options.entries());
  }
}
