// Decides which addresses have a slot on a device that takes fewer addresses than there are: by rank, then first come.

import { compareRanks, type Rank } from '../policies/rank.ts';
import { PriorityQueue } from './priority-queue.ts';

/** How many addresses may have a slot. */
export type SlotCount = {
  /** No address stays beyond it: what is configured. */
  readonly hard: number;
  /** No address is let in beyond it, and what the device has taken stays: what its refusals tell. */
  readonly soft: number;
};

/** The device is known to have the address. */
export type IsTaken = (address: string) => boolean;

/** Why an address lost its slot: there are fewer than before, or one of a higher rank came. */
export type Displacement = 'capacity' | 'rank';

/**
 *   slotless  without a slot
 *   probed    tried on a device that refused others
 *   untaken   it has a slot, and the device was not seen to take it yet
 *   taken     it has a slot, and the device took it
 */
type State = 'slotless' | 'probed' | 'untaken' | 'taken';

/** Never altered: what moves is replaced, so a queue can tell that an item is not wanted any more. */
type Candidate = {
  readonly address: string;
  readonly rank: Rank;
  /** In the order of coming; of one that was refused, of its last refusal. */
  readonly arrival: number;
  /** How often the device refused it. */
  readonly refusals: number;
  readonly state: State;
  /** Of one that waits and had a slot before. */
  readonly displaced?: Displacement | undefined;
};

/** At most so many addresses are probed at once, each of another group. */
const mostProbed = 16;

/**
 * What settle() decides is, by definition, this: all that is probed, under a soft count all that is taken, and the first
 * of the others until the slots are used up, in the order of rank, then who has a slot already, then arrival. It costs
 * O(log n) for each change and each move; to sort all addresses for each message would cost n log n.
 */
export class Slots {
  readonly #candidates = new Map<string, Candidate>();
  readonly #queues: Readonly<Record<Exclude<State, 'probed'>, PriorityQueue<Candidate>>>;
  readonly #counts: Record<State, number> = { slotless: 0, probed: 0, untaken: 0, taken: 0 };
  /** Whether each address waited when the changes were last taken. */
  #before = new Map<string, boolean>();
  #arrivals = 0;

  constructor() {
    const isCurrent = (one: Candidate) => this.#candidates.get(one.address) === one;
    // First is who is let in next, or who would have to go: the lowest rank, of these the last that came.
    const lastFirst = (a: Candidate, b: Candidate) => inOrder(b, a);
    this.#queues = {
      slotless: new PriorityQueue(inOrder, isCurrent),
      untaken: new PriorityQueue(lastFirst, isCurrent),
      taken: new PriorityQueue(lastFirst, isCurrent),
    };
  }

  /** How many have no slot. */
  get slotless(): number {
    return this.#counts.slotless;
  }

  /** It is known, and has no slot. */
  isOut(address: string): boolean {
    return this.#candidates.get(address)?.state === 'slotless';
  }

  /** It is tried though there is no slot for it. */
  isProbed(address: string): boolean {
    return this.#candidates.get(address)?.state === 'probed';
  }

  /** Why an address that is out lost its slot, or would; undefined: it has one. */
  displacementOf(address: string): Displacement | undefined {
    const known = this.#candidates.get(address);
    return known?.state === 'slotless' ? (known.displaced ?? 'rank') : undefined;
  }

  /** Addresses that got in or out since it was last asked. */
  takeMoved(): readonly string[] {
    const before = this.#before;
    this.#before = new Map();
    return [...before].filter(([address, was]) => was !== this.isOut(address)).map(([address]) => address);
  }

  /** A new one has no slot yet, and comes after all others of its rank; one that is known keeps its turn. */
  put(address: string, rank: Rank): void {
    const known = this.#candidates.get(address);
    if (known !== undefined && compareRanks(known.rank, rank) === 0) return;
    const fresh = { address, arrival: this.#arrivals, refusals: 0, state: 'slotless' as const };
    if (known === undefined) this.#arrivals += 1;
    this.#replace({ ...(known ?? fresh), rank });
  }

  delete(address: string): void {
    const known = this.#candidates.get(address);
    if (known === undefined) return;
    this.#remember(address);
    this.#counts[known.state] -= 1;
    this.#candidates.delete(address);
  }

  /** The device took it: it is tried no more. */
  take(address: string): void {
    const known = this.#candidates.get(address);
    if (known?.state === 'probed') this.#move(known, 'taken');
  }

  /** The device refused it: it has no slot, and comes after all others of its rank. */
  refuse(address: string): void {
    const known = this.#candidates.get(address);
    if (known === undefined) return;
    const displaced = known.state === 'slotless' ? known.displaced : 'capacity';
    const refusals = known.refusals + 1;
    this.#replace({ ...known, arrival: this.#arrivals++, refusals, state: 'slotless', displaced });
  }

  /**
   * Gives a slot beyond all others to one address of each group: those that were refused least often, by rank, then in
   * the order of coming. Those of the last time give theirs back unless the device took them. One pass over all.
   */
  probe(groupOf: (address: string) => string, isTaken: IsTaken): void {
    for (const one of this.#all('probed')) {
      if (isTaken(one.address)) this.#move(one, 'taken');
      else this.refuse(one.address);
    }
    const first = new Map<string, Candidate>();
    for (const one of this.#all('slotless')) {
      const group = groupOf(one.address);
      const known = first.get(group);
      if (known === undefined || inOrderOfProbe(one, known) < 0) first.set(group, one);
    }
    for (const one of [...first.values()].sort(inOrderOfProbe).slice(0, mostProbed))
      this.#move(one, 'probed');
  }

  /** No address is sent out but for want of slots, or for one of a higher rank. */
  settle({ hard, soft }: SlotCount, isTaken: IsTaken): void {
    if (soft === Number.POSITIVE_INFINITY && this.#counts.probed > 0)
      for (const one of this.#all('probed')) this.#move(one, 'untaken');
    const slots = Math.min(hard, soft + this.#counts.probed);
    while (this.#admitted > hard && this.#sendOut(this.#lowest(), 'capacity')) continue;
    while (this.#admitted > slots && this.#sendOut(this.#lowestUntaken(isTaken), 'capacity')) continue;
    while (this.#admitted < slots && this.#letIn(isTaken)) continue;
    for (;;) {
      const lowest = hard <= soft ? this.#lowest() : this.#lowestUntaken(isTaken);
      const next = this.#queues.slotless.first;
      if (lowest === undefined || next === undefined || compareRanks(next.rank, lowest.rank) >= 0) return;
      this.#sendOut(lowest, 'rank');
      this.#letIn(isTaken);
    }
  }

  get #admitted(): number {
    return this.#candidates.size - this.#counts.slotless;
  }

  #all(state: State): Candidate[] {
    return [...this.#candidates.values()].filter((one) => one.state === state);
  }

  #lowest(): Candidate | undefined {
    const [a, b] = [this.#queues.taken.first, this.#queues.untaken.first];
    if (a === undefined || b === undefined) return a ?? b;
    return inOrder(a, b) < 0 ? b : a;
  }

  /** Of those that the device has not taken. Each that it has is found out once. */
  #lowestUntaken(isTaken: IsTaken): Candidate | undefined {
    for (;;) {
      const { first } = this.#queues.untaken;
      if (first === undefined || !isTaken(first.address)) return first;
      this.#move(first, 'taken');
    }
  }

  #sendOut(candidate: Candidate | undefined, displaced: Displacement): boolean {
    if (candidate !== undefined) this.#replace({ ...candidate, state: 'slotless', displaced });
    return candidate !== undefined;
  }

  #letIn(isTaken: IsTaken): boolean {
    const { first } = this.#queues.slotless;
    if (first !== undefined) this.#move(first, isTaken(first.address) ? 'taken' : 'untaken');
    return first !== undefined;
  }

  #move(candidate: Candidate, state: State): void {
    this.#replace({ ...candidate, state, displaced: undefined });
  }

  #replace(candidate: Candidate): void {
    const { address, state } = candidate;
    this.#remember(address);
    const known = this.#candidates.get(address);
    if (known !== undefined) this.#counts[known.state] -= 1;
    this.#counts[state] += 1;
    this.#candidates.set(address, candidate);
    if (state !== 'probed') this.#queues[state].add(candidate);
  }

  #remember(address: string): void {
    if (!this.#before.has(address)) this.#before.set(address, this.isOut(address));
  }
}

function inOrder(a: Candidate, b: Candidate): number {
  return compareRanks(a.rank, b.rank) || a.arrival - b.arrival;
}

function inOrderOfProbe(a: Candidate, b: Candidate): number {
  return a.refusals - b.refusals || inOrder(a, b);
}
