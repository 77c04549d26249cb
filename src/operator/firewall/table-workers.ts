// All tables that one PanFirewall keeps, asked and told as one.

import type { Scope } from '../../core/model/policy-scope.ts';
import type { Adoption } from '../table/marker.ts';
import type { TableObserver } from '../table/table-observer.ts';
import type { TableWorker } from '../table/table-worker.ts';
import type { TableSet } from './table-set.ts';

export class TableWorkers {
  readonly #set: TableSet;
  readonly #observer: TableObserver;

  constructor(set: TableSet, observer: TableObserver) {
    this.#set = set;
    this.#observer = observer;
  }

  get all(): readonly TableWorker[] {
    return this.#set.kept.workers;
  }

  /** There may be tables that nobody has looked for yet. */
  get mayHaveMore(): boolean {
    return this.#set.claimed.open;
  }

  /** A read that was asked for has not begun on some table that is known and works. */
  get awaitsRead(): boolean {
    return this.all.some(({ awaitsRead }) => awaitsRead);
  }

  /** Reads every table anew, and looks for others. */
  resync(): void {
    this.#set.resync();
  }

  /** Releases a held plan, in whichever table it is; false when there is none of this id. */
  approve(plan: string): boolean {
    const released = this.all.map((worker) => worker.approve(plan)).includes(true);
    const note = `plan ${plan} was approved: its remaining removals are sent now`;
    if (released) this.#observer.record({ reason: 'RemovalsReleased', note });
    return released;
  }

  /** Takes the place of another owner, in every table that has one of this id. */
  adopt(id: string): Adoption {
    const states = this.all.map((worker) => worker.adopt(id));
    if (states.includes('pending')) return 'pending';
    return states.includes('done') ? 'done' : 'unknown owner';
  }

  /** Another PanFirewall came to know its device, or left. */
  tableClaimsChanged(): void {
    for (const worker of this.all) worker.tableClaimsChanged();
  }

  /** What the guard waited for has come: it may judge sooner than was thought. */
  judgeSooner(): void {
    for (const worker of this.all) worker.judgeSooner();
  }

  /** @param scope whose tags alone may be concerned; absent: all. */
  knowledgeChanged(scope?: Scope): void {
    for (const worker of this.all) worker.knowledgeChanged(scope);
  }
}
