// Collects what the guard judges next, what waits behind a held plan, and how many addresses would keep our tags.

import type { KeptBack } from '../removals/kept-back.ts';
import type { Candidates, RemovalGuard } from '../removals/removal-guard.ts';
import { addMember, deleteMember } from '../model/collections.ts';
import { noTags, type TagSet } from '../model/tag-set.ts';
import type { Scope } from '../model/policy-scope.ts';

export class Judgement {
  readonly #guard: RemovalGuard;
  readonly #keptBack: KeptBack;
  /** Guarded removals that may be judged. */
  readonly #ready = new Map<string, TagSet>();
  /** Scope -> addresses with guarded removals that a held plan keeps from being judged, or that it holds. */
  readonly #queues = new Map<Scope, Set<string>>();
  readonly #queuedIn = new Map<string, readonly Scope[]>();
  /** Addresses with tags of ours of which some stay whatever the guard decides. */
  readonly #firm = new Set<string>();
  /** Addresses where only what the guard has not let through is left. */
  readonly #atStake = new Set<string>();

  constructor(guard: RemovalGuard, keptBack: KeptBack) {
    this.#guard = guard;
    this.#keptBack = keptBack;
  }

  /** Takes up what was found of an address. True: there is something to judge. */
  put(address: string, guarded: TagSet, isFirm: boolean): boolean {
    this.#leaveQueues(address);
    if (isFirm) this.#firm.add(address);
    else this.#firm.delete(address);
    if (!isFirm && guarded.length > 0) this.#atStake.add(address);
    else this.#atStake.delete(address);
    const ready = this.#queue(address, guarded);
    if (ready.length > 0) this.#ready.set(address, ready);
    else this.#ready.delete(address);
    return ready.length > 0;
  }

  get hasReady(): boolean {
    return this.#ready.size > 0;
  }

  /** A copy of what may be judged now. */
  ready(): Candidates {
    return new Map(this.#ready);
  }

  /** Addresses that waited for a plan that is gone; they are to be assessed again. */
  takeTurns(): readonly string[] {
    return this.#guard.takeFreed().flatMap((scope) => [...(this.#queues.get(scope) ?? [])]);
  }

  /** How many addresses would keep tags of ours when these went, and with them everything that may go already. */
  leaves(going: Candidates): number {
    let left = this.#firm.size + this.#atStake.size;
    for (const [address, tags] of going) {
      const isEmptied =
        this.#atStake.has(address) && tags.length === this.#keptBack.guardedAt(address).length;
      if (isEmptied) left -= 1;
    }
    return left;
  }

  clear(): void {
    this.#ready.clear();
    this.#queues.clear();
    this.#queuedIn.clear();
    this.#firm.clear();
    this.#atStake.clear();
  }

  /** Tells what of it may be judged now; the rest waits for its scopes. */
  #queue(address: string, guarded: TagSet): TagSet {
    if (guarded.length === 0) return noTags;
    const ready: string[] = [];
    const scopes = new Set<Scope>();
    for (const tag of guarded) {
      const scope = this.#guard.scopeOf(tag);
      if (this.#guard.blocks(scope)) scopes.add(scope);
      else ready.push(tag);
    }
    if (scopes.size > 0) this.#queuedIn.set(address, [...scopes]);
    for (const scope of scopes) addMember(this.#queues, scope, address);
    return ready;
  }

  #leaveQueues(address: string): void {
    for (const scope of this.#queuedIn.get(address) ?? []) deleteMember(this.#queues, scope, address);
    this.#queuedIn.delete(address);
  }
}
