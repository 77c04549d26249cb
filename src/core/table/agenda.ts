// Sorts the addresses of one table by next step: send, judge by the guard, wait, or nothing.

import { Backlog } from './backlog.ts';
import { Judgement } from './judgement.ts';
import { KeptBack } from '../removals/kept-back.ts';
import { type Outlook, outlookOf, type PairChange, pairChanges } from './outlook.ts';
import { type AddressDiff, isEmpty } from './address-diff.ts';
import { Differ, type DifferParts } from './differ.ts';
import type { RemovalGate } from '../removals/removal-gate.ts';
import type { Stakes } from '../removals/removal-guard.ts';
import { ScopeIndex } from '../removals/scope-index.ts';
import { TableUsage } from '../limits/table-usage.ts';
import { type TagSet, union } from '../model/tag-set.ts';
import type { Scope } from '../model/policy-scope.ts';

export class Agenda {
  readonly #parts: DifferParts;
  readonly #differ: Differ;
  readonly #keptBack = new KeptBack();
  readonly #judgement: Judgement;
  readonly backlog = new Backlog();
  /** What of its addresses matters to limits. */
  readonly usage = new TableUsage();
  /** Whose tags are to leave, or wait. */
  readonly #scopes = new ScopeIndex();
  /** Scopes of which the gate may answer otherwise by now; 'all': of every tag. Until their addresses are assessed. */
  #moved: Set<Scope> | 'all' = new Set();
  #firstContact = false;
  /** Made when asked for, until something moves. */
  #outlook: Outlook | undefined;

  constructor(parts: DifferParts, gate: RemovalGate) {
    this.#parts = parts;
    this.#differ = new Differ(parts, gate);
    this.#judgement = new Judgement(parts.guard, this.#keptBack);
  }

  get differ(): Differ {
    return this.#differ;
  }

  /** Removals that the gate keeps back, and why. */
  get keptBack(): KeptBack {
    return this.#keptBack;
  }

  /** Nobody has marked this table: whatever nobody claims may be of somebody who used our prefix, and is held. */
  setFirstContact(firstContact: boolean): void {
    this.#firstContact = firstContact;
  }

  /** There are tags under our prefix that nobody claims. */
  get hasUnclaimed(): boolean {
    for (const address of this.open()) if (this.#differ.isUnclaimed(address)) return true;
    return false;
  }

  /** Addresses where something is to be done, now or later. */
  open(): readonly string[] {
    const pending = this.backlog.addresses();
    return [...this.#keptBack.addresses(), ...this.#parts.refusals.addresses(), ...pending];
  }

  /** Asks this gate from now on; what waits, and what was about to go, is to be assessed again. */
  setGate(gate: RemovalGate): void {
    this.#differ.gate = gate;
    this.#moved = 'all';
  }

  /** The gate may answer otherwise for tags of this scope. */
  gateMoved(scope: Scope): void {
    if (this.#differ.gate.scopeOf === undefined) this.#moved = 'all';
    else if (this.#moved !== 'all') this.#moved.add(scope);
  }

  /** Addresses that are to be assessed again for it, once. */
  takeMoved(): Iterable<string> {
    const moved = this.#moved;
    if (moved === 'all' || moved.size > 0) this.#moved = new Set();
    return moved === 'all'
      ? new Set(this.open())
      : new Set([...moved].flatMap((scope) => this.#scopes.in(scope)));
  }

  /** One removal that the gate keeps back, and why: the smallest address, so that it stays while it applies. */
  get waitingExample(): { readonly address: string; readonly tag: string; readonly why: string } | undefined {
    const example = this.#keptBack.waitingExample;
    const why = example && this.#differ.gate(example.tag);
    return example && why ? { ...example, why } : undefined;
  }

  /** What would be sent if every removal were let through. */
  get outlook(): Outlook {
    this.#outlook ??= outlookOf(this.changes);
    return this.#outlook;
  }

  /** The same, pair by pair. */
  get changes(): readonly PairChange[] {
    const { gate } = this.#differ;
    const causesAt = (address: string) => this.#differ.causesAt(address);
    const diffs = new Map([...new Set(this.open())].map((one) => [one, this.#differ.diff(one)]));
    return pairChanges({ diffs, causesAt, gate });
  }

  /**
   * Sorts an address anew. `since`: when its change was seen.
   * @param isFinal what it holds is known, and no message on its way can move it any more.
   */
  assess(address: string, since: number, isFinal: boolean): void {
    const { refusals, causes, guard } = this.#parts;
    this.#outlook = undefined;
    const { diff, whole, guarded, isFirm } = this.#differ.review(address);
    // What is remembered of the address shrinks to what is still wanted; a held plan may end by that.
    guard.retain(address, guarded);
    if (refusals.has(address))
      refusals.retain(address, { ...whole, unregister: union(whole.unregister, whole.guarded) });
    this.#keptBack.put(address, diff);
    // What the guard has yet to judge is work too; what it holds, or what waits for that, is not.
    const toJudge = this.#judgement.put(address, diff.guarded, isFirm);
    if (isEmpty(diff) && !toJudge) this.backlog.delete(address);
    else this.backlog.put(address, this.#placeOf(address, diff), since);
    this.#scopes.put(address, this.#scopesOf(diff));
    const lingers = this.#differ.lingers(address, diff);
    this.usage.put(address, { lingers, unfit: this.#differ.unfit(address) });
    const stays = diff.waiting.length + diff.guarded.length > 0;
    if (isFinal && isEmpty(diff) && !stays && !refusals.has(address)) causes.settle(address);
  }

  /** Addresses whose removals waited for a held plan that is gone; they are to be assessed again. */
  takeTurns(): readonly string[] {
    return this.#judgement.takeTurns();
  }

  /** There are guarded removals that may be judged. */
  get hasToJudge(): boolean {
    return this.#judgement.hasReady;
  }

  /**
   * All guarded removals that are ready are judged as one: an edit that takes many must not pass as many small ones.
   * Tells the addresses that were judged; they are to be assessed again.
   */
  judgeGuarded(owned: number, now: number): Iterable<string> {
    const candidates = this.#judgement.ready();
    if (candidates.size === 0) return [];
    const differ = this.#differ;
    const stakes: Stakes = {
      owned,
      leaves: (going) => this.#judgement.leaves(going),
      isDoubtful: this.#firstContact
        ? ofEach((address) => {
            const causeOf = differ.causesAt(address);
            return (tag) => causeOf(tag) === 'unclaimed';
          })
        : undefined,
      originOf: ofEach((address) => differ.originsAt(address)),
    };
    this.#parts.guard.judge(candidates, stakes, now);
    return candidates.keys();
  }

  clear(): void {
    this.#outlook = undefined;
    this.backlog.clear();
    this.#keptBack.clear();
    this.#judgement.clear();
    this.#scopes.clear();
    this.usage.clear();
  }

  #placeOf(address: string, diff: AddressDiff): 'vacated' | 'other' | 'unjudged' {
    if (isEmpty(diff)) return 'unjudged';
    return this.#differ.isVacated(address, diff) ? 'vacated' : 'other';
  }

  #scopesOf({ unregister, guarded, waiting }: AddressDiff): ReadonlySet<Scope> {
    const { scopeOf } = this.#differ.gate;
    const scopes = new Set<Scope>();
    const note = (tags: TagSet) => {
      for (const tag of tags) {
        const scope = scopeOf?.(tag);
        if (scope !== undefined) scopes.add(scope);
      }
    };
    for (const tags of [unregister, guarded, waiting]) note(tags);
    return scopes;
  }
}

/** Asks once for each address in a row, as long as nothing moves meanwhile. */
function ofEach<Answer>(at: (address: string) => (tag: string) => Answer) {
  let last: { readonly address: string; readonly of: (tag: string) => Answer } | undefined;
  return (address: string, tag: string): Answer => {
    if (last?.address !== address) last = { address, of: at(address) };
    return last.of(tag);
  };
}
