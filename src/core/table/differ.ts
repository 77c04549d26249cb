// Diff of one address of a table: the difference, as gate, guard, limits and past refusals let it be sent.
// Answers questions only: nothing here changes what it asks.

import type { Mirror } from '../mirror/mirror.ts';
import type { DesiredTags } from './desired-tags.ts';
import { type AddressDiff, diffAddress } from './address-diff.ts';
import type { Refusals } from '../message/refusals.ts';
import { goesAtOnce, type RemovalCauses } from '../removals/removal-causes.ts';
import type { RemovalGate } from '../removals/removal-gate.ts';
import type { RemovalGuard } from '../removals/removal-guard.ts';
import { originOfCause, type RemovalOrigin } from '../model/removal-origin.ts';
import { fittingTags } from '../limits/tag-limit.ts';
import type { RemovalCause } from '../model/model.ts';
import { membership, noTags, type TagSet, union, without } from '../model/tag-set.ts';

type Review = {
  /** What can be sent by now: what the device refused before is left out. */
  readonly diff: AddressDiff;
  /** With what the device refused before. */
  readonly whole: AddressDiff;
  /** The removals of `whole` that the guard has, had or will have a say in. */
  readonly guarded: TagSet;
  /** Ours are there, and some will be whatever the guard decides: they are desired, or a removal has to wait. */
  readonly isFirm: boolean;
};

export type DifferParts = {
  readonly desired: DesiredTags;
  readonly mirror: Mirror;
  readonly causes: RemovalCauses;
  readonly refusals: Refusals;
  readonly guard: RemovalGuard;
};

export class Differ {
  readonly #parts: DifferParts;
  /** What removals wait for that do not go at once. */
  gate: RemovalGate;

  constructor(parts: DifferParts, gate: RemovalGate) {
    this.#parts = parts;
    this.gate = gate;
  }

  /** What the address needs by now. */
  diff(address: string): AddressDiff {
    return this.#withoutRefused(address, this.#diffFor(address, this.wanted(address)));
  }

  /** The same, with what guard, refusals and the count of what is owned are to be told of it. */
  review(address: string): Review {
    const { guard } = this.#parts;
    const wanted = this.wanted(address);
    const whole = this.#diffFor(address, wanted);
    const diff = this.#withoutRefused(address, whole);
    const admitted = whole.unregister.filter((tag) => guard.admits(address, tag));
    const isDeserved = whole.register.length < wanted.length || diff.register.length > 0;
    const waits = whole.waiting.length > 0 || diff.guarded.length < whole.guarded.length;
    // A desired tag that is only perhaps there may have to be registered first, which may fail.
    const isThere = this.#parts.mirror.at(address).tags.length > 0;
    return {
      diff,
      whole,
      guarded: [...whole.guarded, ...whole.waiting, ...admitted],
      isFirm: waits || (isDeserved && isThere),
    };
  }

  /** Nothing stays at the address, and a live Pod was seen to leave it. */
  isVacated(address: string, { unregister }: AddressDiff): boolean {
    if (this.wanted(address).length > 0) return false;
    const causeOf = this.causesAt(address);
    return unregister.some((tag) => goesAtOnce(causeOf(tag)));
  }

  /** Ours are there, are not desired, and stay for now. */
  lingers(address: string, diff: AddressDiff): boolean {
    const present = this.#perhapsPresent(address).length;
    if (present === 0 || this.wanted(address).length > 0) return false;
    // What lost its slot by a lower limit waits for approval without one: it takes capacity from no other.
    if (this.#parts.desired.limits?.displacementOf?.(address) === 'capacity') return false;
    return diff.unregister.length < present || !this.isVacated(address, diff);
  }

  /** Why each tag that is not wanted should go, as of now. A tag that is desired and not wanted is over a limit. */
  causesAt(address: string): (tag: string) => RemovalCause {
    const { desired, causes } = this.#parts;
    if (desired.limits === undefined) return (tag) => causes.causeOf(address, tag);
    const { limits } = desired;
    const displacement = limits.displacementOf?.(address);
    // Where nothing is to go, which is so for most addresses, neither is asked for.
    let isDeserved: ((tag: string) => boolean) | undefined;
    let isEdited: ((tag: string) => boolean) | undefined;
    return (tag) => {
      isDeserved ??= membership(limits.deserved(address));
      if (!isDeserved(tag)) return causes.causeOf(address, tag);
      if (displacement !== undefined) return displacement === 'capacity' ? 'limit' : 'displaced';
      isEdited ??= membership(this.#beyondLimit(address));
      return isEdited(tag) ? 'limit' : 'displaced';
    };
  }

  /** Our tags that the address shall carry: the desired ones, as far as the device takes them. */
  wanted(address: string): TagSet {
    const { desired } = this.#parts;
    const tags = desired.tagsOf(address);
    const { limits } = desired;
    if (limits === undefined || tags.length === 0) return tags;
    const fitting = this.#fitting(address, tags, limits.tagsPerAddress, false);
    return this.#fitting(address, fitting, limits.refusedBeyond?.(address), true);
  }

  /** Desired tags of the address beyond the number that the device takes. */
  unfit(address: string): TagSet {
    const { desired } = this.#parts;
    if (desired.limits === undefined) return noTags;
    const tags = desired.tagsOf(address);
    const wanted = this.wanted(address);
    return wanted === tags ? noTags : without(tags, wanted);
  }

  /** There are tags of ours that are not desired, and nobody was seen to lose. */
  isUnclaimed(address: string): boolean {
    const causeOf = this.causesAt(address);
    return without(this.#perhapsPresent(address), this.wanted(address)).some(
      (tag) => causeOf(tag) === 'unclaimed',
    );
  }

  /** Which object, and which change of it, stands behind the removal of each tag of the address, as of now. */
  originsAt(address: string): (tag: string) => RemovalOrigin {
    const causeOf = this.causesAt(address);
    const { desired, causes } = this.#parts;
    return (tag) => {
      const cause = causeOf(tag);
      if (cause === 'limit')
        return { kind: 'PanFirewall', name: desired.limits?.firewall ?? '', change: 'edited' };
      return causes.originOf(address, tag) ?? originOfCause(cause);
    };
  }

  /** As many of the tags as fit; `staysTaken`: those that the device has there are not too many. */
  #fitting(address: string, tags: TagSet, most: number | undefined, staysTaken: boolean): TagSet {
    const { mirror, desired } = this.#parts;
    if (most === undefined) return tags;
    const others = mirror.othersAt(address);
    const surplus = without(this.#perhapsPresent(address), tags);
    if (tags.length + surplus.length + others <= most) return tags;
    const present = mirror.at(address).tags;
    const free = most - others - (surplus.length === 0 ? 0 : this.#stayingAt(address));
    return fittingTags(tags, {
      atMost: staysTaken ? Math.max(free, tags.length - without(tags, present).length) : free,
      ranks: desired.limits?.ranksAt(address) ?? new Map(),
      present,
      staysTaken,
    });
  }

  /**
   * The lowest of the desired tags that are over the limit, as many as the address has beyond what it may carry: a limit
   * that came down is an edit, and guarded like one. The others go at once: a higher rank takes their slots. What a message
   * without an answer may have added beyond the limit is no edit.
   */
  #beyondLimit(address: string): TagSet {
    const { desired, mirror } = this.#parts;
    const most = desired.limits?.tagsPerAddress ?? Number.POSITIVE_INFINITY;
    const { tags, unsure, added = noTags } = mirror.at(address);
    const there = union(tags, without(unsure, added));
    const excess = there.length + mirror.othersAt(address) - most;
    if (excess <= 0) return noTags;
    const lowest = this.unfit(address);
    const displaced = without(lowest, without(lowest, there));
    const atMost = displaced.length - excess;
    const ranks = desired.limits?.ranksAt(address) ?? new Map();
    return without(displaced, fittingTags(displaced, { atMost, ranks, present: tags }));
  }

  #diffFor(address: string, desired: TagSet): AddressDiff {
    const { mirror, guard } = this.#parts;
    return diffAddress({
      desired,
      present: mirror.at(address),
      causeOf: this.causesAt(address),
      gate: this.gate,
      admits: (tag) => guard.admits(address, tag),
    });
  }

  /** How many tags of ours stay there for now though they are not desired. */
  #stayingAt(address: string): number {
    const { desired, refusals } = this.#parts;
    const { unregister, guarded, waiting } = this.#diffFor(address, desired.tagsOf(address));
    const going = refusals.admit(address, 'unregister', unregister);
    return guarded.length + waiting.length + (unregister.length - going.length);
  }

  #perhapsPresent(address: string): TagSet {
    const { tags, unsure } = this.#parts.mirror.at(address);
    return union(tags, unsure);
  }

  #withoutRefused(address: string, diff: AddressDiff): AddressDiff {
    const { refusals } = this.#parts;
    if (!refusals.has(address)) return diff;
    return {
      register: refusals.admit(address, 'register', diff.register),
      unregister: refusals.admit(address, 'unregister', diff.unregister),
      guarded: refusals.admit(address, 'unregister', diff.guarded),
      waiting: diff.waiting,
    };
  }
}
