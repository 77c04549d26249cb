// Tables of a PanFirewall's spec.tables, device groups included, which are looked up while we lead.

import { type Finding, worst } from '../../core/model/finding.ts';
import {
  asksFor,
  type GroupsAnswer,
  GroupMembership,
  groupsOf,
  listedGroupOf,
  type TableEntry,
} from '../../core/device/device-groups.ts';
import type { ShownTable } from '../../core/status/firewall-view.ts';
import { ownTable } from '../../core/model/table-ref.ts';
import type { FirewallContext } from './firewall-context.ts';
import { GroupDiscovery } from './group-discovery.ts';

type GroupTablesParts = {
  readonly context: FirewallContext;
  readonly devices: { deviceGroups(signal: AbortSignal): Promise<GroupsAnswer> };
  /** Takes up that something was found, or was not. */
  readonly told: () => Promise<void>;
};

export class GroupTables {
  readonly #context: FirewallContext;
  readonly #membership: GroupMembership;
  readonly #discovery: GroupDiscovery;

  constructor({ context, devices, told }: GroupTablesParts) {
    this.#context = context;
    this.#membership = new GroupMembership(context.timing);
    this.#discovery = new GroupDiscovery({
      wanted: () => this.#groups.length > 0,
      look: (signal) => devices.deviceGroups(signal),
      found: (groups) => {
        this.#membership.tell(groups, this.#groups, context.now());
        return told();
      },
      failed: (failure) => {
        context.observer.failed(failure);
        this.#membership.fail(failure, this.#groups);
        return told();
      },
      lookMs: context.timing.groupLookMs,
      log: context.log,
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
    return this.#membership.tables(this.#entries);
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
    return asksFor(this.#entries, table);
  }

  /** The table with what is to be said of its group. */
  annotated(table: ShownTable): ShownTable {
    const { ref, view } = table;
    const note = ref.deviceGroup === undefined ? undefined : this.#membership.noteOf(listedGroupOf(ref));
    return note === undefined ? table : { ref, view: { ...view, notes: [...view.notes, note] } };
  }

  get #entries(): readonly TableEntry[] {
    return this.#context.settings.tables ?? [ownTable];
  }

  get #groups(): readonly string[] {
    return groupsOf(this.#entries);
  }
}
