// Facts of one registered-ip table: everything that may be asked of it.

import { explainTable, type TableExplanation } from './explain-table.ts';
import type { WindowCount } from '../removals/guard-window.ts';
import type { Outlook, PairChange } from './outlook.ts';
import type { Refusals } from '../message/refusals.ts';
import type { RegistrationTimeouts } from '../timeouts/registration-timeouts.ts';
import type { HeldPlan } from '../removals/removal-guard.ts';
import type { TableState } from './table-state.ts';
import type { TagSet } from '../model/tag-set.ts';
import type { TableUsage } from '../limits/table-usage.ts';

export class TableFacts {
  protected readonly state: TableState;

  constructor(state: TableState) {
    this.state = state;
  }

  /** What passed the guard by itself, minute by minute, oldest first. */
  get guardWindow(): readonly WindowCount[] {
    return this.state.guard.window;
  }

  /** There are tags under our prefix that nobody claims. */
  get hasUnclaimed(): boolean {
    return this.state.agenda.hasUnclaimed;
  }

  /** What a message did at the address last time was not there when it was read. */
  isContradicted(address: string): boolean {
    return this.state.belief.isContradicted(address);
  }

  /** The last full read agreed with the device's own count: what it did not show is not there. */
  get agreed(): boolean {
    return this.state.belief.isComplete;
  }

  /** The table has been read in full. */
  get known(): boolean {
    return this.state.mirror.known;
  }

  /** Addresses with tags of ours, or perhaps with some. */
  get owned(): number {
    return this.state.mirror.owned;
  }

  get foreign(): number {
    return this.state.mirror.foreign;
  }

  /** What of its addresses matters to limits. */
  get usage(): Pick<TableUsage, 'lingering' | 'crowded' | 'unfitAt' | 'takeChanged'> {
    return this.state.current.usage;
  }

  /** Tags at this address, ours and other clients', as far as is known. */
  tagsAt(address: string): { readonly ours: number; readonly others: number } {
    const { tags, unsure } = this.state.mirror.at(address);
    return { ours: tags.length + unsure.length, others: this.state.mirror.othersAt(address) };
  }

  /** The most tags, including other clients', that any address carries. One pass over all. */
  get mostTags(): number {
    return this.state.mirror.mostTags;
  }

  /** Tags that we are known to have registered at the address. */
  registeredAt(address: string): TagSet {
    return this.state.mirror.at(address).tags;
  }

  /** Addresses whose change is not confirmed yet. Nothing is pending before the table has been read. */
  get pending(): number {
    return this.state.current.backlog.size;
  }

  pendingAddresses(): Iterable<string> {
    return this.state.current.backlog.addresses();
  }

  /** Addresses with removals that the gate keeps back. */
  get waiting(): number {
    return this.state.current.keptBack.waiting;
  }

  /** One removal that the gate keeps back, and why: the smallest address, so that it stays while it applies. */
  get waitingExample(): { readonly address: string; readonly tag: string; readonly why: string } | undefined {
    return this.state.current.waitingExample;
  }

  /** The timeouts that registrations carry. */
  get timeouts(): RegistrationTimeouts {
    return this.state.timeouts;
  }

  /** When the guard may judge what is ready, monotonic ms. */
  get judgesAt(): number {
    return this.state.judging.at;
  }

  /** There are guarded removals that the guard is about to judge. */
  get hasToJudge(): boolean {
    return this.state.current.hasToJudge;
  }

  /** Removals that wait for somebody's approval, oldest first. */
  get held(): readonly HeldPlan[] {
    return this.state.guard.held;
  }

  /** What would be sent if every removal were let through; undefined before the table has been read. */
  get outlook(): Outlook | undefined {
    return this.state.mirror.known ? this.state.agenda.outlook : undefined;
  }

  /** The same, pair by pair. */
  get changes(): readonly PairChange[] | undefined {
    return this.state.mirror.known ? this.state.agenda.changes : undefined;
  }

  get refusals(): Refusals {
    return this.state.refusals;
  }

  get lastConfirmedAt(): number {
    return this.state.lastConfirmedAt;
  }

  /** When the change that has waited longest was seen. */
  get oldestPendingAt(): number | undefined {
    return this.state.current.backlog.oldest;
  }

  /** Everything known of one address, to be logged. Changes nothing. */
  explain(address: string, now: number): TableExplanation {
    return explainTable(this.state, address, now);
  }
}
