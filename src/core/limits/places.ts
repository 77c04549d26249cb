// Allocates places when there are fewer than addresses: by rank; among equals whoever is registered stays.

import { Heap } from './heap.ts';
import { compareRanks, type Rank } from '../policies/rank.ts';

/** How many addresses may have a place. */
export type Room = {
  /** Nobody stays beyond it: what is configured. */
  readonly hard: number;
  /** Nobody gets in beyond it, and whoever the device has taken stays: what its refusals tell. */
  readonly soft: number;
};

/** Why an address lost its place: there are fewer places than before, or somebody of a higher rank came. */
export type Displacement = 'room' | 'rank';

type PlacesOptions = {
  /** Told of each address that got in or out. */
  readonly moved: (address: string, why?: Displacement) => void;
  /** The device is known to have it. */
  readonly isTaken: (address: string) => boolean;
};

/**
 *   out      without a place
 *   probed   tried on a device that refused others
 *   trying   it has a place, and the device was not seen to take it yet
 *   in       it has a place, and the device took it
 */
type State = 'out' | 'probed' | 'trying' | 'in';

type Candidate = {
  readonly address: string;
  readonly rank: Rank;
  /** In the order of coming; of one that was refused, of its last refusal. */
  arrival: number;
  /** How often the device refused it. */
  refusals: number;
  state: State;
  position: number;
};

/** At most so many addresses are probed at once, each of another group. */
const mostProbed = 16;

/** Each change costs O(log n), and what it moves. After changes, settle() decides. */
export class Places {
  readonly #options: PlacesOptions;
  readonly #candidates = new Map<string, Candidate>();
  /** Whoever would have to go is first: the lowest rank, of these the last that came. */
  readonly #in = new Heap<Candidate>((a, b) => precedes(b, a));
  readonly #trying = new Heap<Candidate>((a, b) => precedes(b, a));
  /** Whoever is to get in next is first. */
  readonly #outside = new Heap<Candidate>(precedes);
  readonly #probed = new Set<Candidate>();
  #arrivals = 0;

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  /** How many have no place. */
  get waiting(): number {
    return this.#outside.size;
  }

  /** It is known, and has no place. */
  isOut(address: string): boolean {
    return this.#candidates.get(address)?.state === 'out';
  }

  /** It is tried though there is no room for it. */
  isProbed(address: string): boolean {
    return this.#candidates.get(address)?.state === 'probed';
  }

  addressesOut(): string[] {
    return [...this.#candidates.values()]
      .filter(({ state }) => state === 'out')
      .map(({ address }) => address);
  }

  /** A new one has no place yet, and comes after all others of its rank; one that is known keeps its turn. */
  put(address: string, rank: Rank): void {
    const known = this.#candidates.get(address);
    if (known !== undefined && compareRanks(known.rank, rank) === 0) return;
    if (known !== undefined) this.#leave(known);
    const { arrival, refusals, state } = known ?? { arrival: this.#arrivals++, refusals: 0, state: 'out' };
    const candidate: Candidate = { address, rank, arrival, refusals, state, position: 0 };
    this.#candidates.set(address, candidate);
    this.#enter(candidate, candidate.state);
  }

  delete(address: string): void {
    const known = this.#candidates.get(address);
    if (known === undefined) return;
    this.#candidates.delete(address);
    this.#leave(known);
  }

  /** The device took it: it is tried no more. */
  take(address: string): void {
    const known = this.#candidates.get(address);
    if (known?.state === 'probed') this.#shift(known, 'in');
  }

  /** The device refused it: it has no place, and comes after all others of its rank. */
  refuse(address: string): void {
    const known = this.#candidates.get(address);
    if (known === undefined) return;
    this.#leave(known);
    known.arrival = this.#arrivals++;
    known.refusals += 1;
    const wasOut = known.state === 'out';
    this.#enter(known, 'out');
    if (!wasOut) this.#options.moved(address, 'room');
  }

  /**
   * Gives a place beyond all others to one address of each group: those that were refused least often, by rank, then in
   * the order of coming. Those of the last time give theirs back unless the device took them. One pass over all.
   */
  probe(groupOf: (address: string) => string): void {
    for (const candidate of this.#probed) {
      if (!this.#options.isTaken(candidate.address)) this.refuse(candidate.address);
      else this.#shift(candidate, 'in');
    }
    const first = new Map<string, Candidate>();
    for (const candidate of this.#candidates.values()) {
      if (candidate.state !== 'out') continue;
      const group = groupOf(candidate.address);
      const known = first.get(group);
      if (known === undefined || comesToProbe(candidate, known)) first.set(group, candidate);
    }
    const inOrder = [...first.values()].sort((a, b) => (comesToProbe(a, b) ? -1 : 1));
    for (const candidate of inOrder.slice(0, mostProbed)) {
      this.#shift(candidate, 'probed');
      this.#options.moved(candidate.address);
    }
  }

  /** Nobody is sent out but for want of room, or for somebody of a higher rank. */
  settle({ hard, soft }: Room): void {
    if (soft === Number.POSITIVE_INFINITY)
      for (const candidate of this.#probed) this.#shift(candidate, 'trying');
    const places = Math.min(hard, soft + this.#probed.size);
    while (this.#placed > hard && this.#sendOut(this.#lowest(), 'room')) continue;
    while (this.#placed > places && this.#sendOut(this.#lowestTrying(), 'room')) continue;
    while (this.#placed < places && this.#letIn()) continue;
    for (;;) {
      const lowest = hard <= soft ? this.#lowest() : this.#lowestTrying();
      const next = this.#outside.first;
      if (lowest === undefined || next === undefined || compareRanks(next.rank, lowest.rank) >= 0) return;
      this.#sendOut(lowest, 'rank');
      this.#letIn();
    }
  }

  get #placed(): number {
    return this.#in.size + this.#trying.size + this.#probed.size;
  }

  #lowest(): Candidate | undefined {
    const [a, b] = [this.#in.first, this.#trying.first];
    if (a === undefined || b === undefined) return a ?? b;
    return precedes(a, b) ? b : a;
  }

  /** Of those that the device has not taken. Each that it has is found out once. */
  #lowestTrying(): Candidate | undefined {
    for (;;) {
      const { first } = this.#trying;
      if (first === undefined || !this.#options.isTaken(first.address)) return first;
      this.#shift(first, 'in');
    }
  }

  #sendOut(candidate: Candidate | undefined, why: Displacement): boolean {
    if (candidate === undefined) return false;
    this.#shift(candidate, 'out');
    this.#options.moved(candidate.address, why);
    return true;
  }

  #letIn(): boolean {
    const candidate = this.#outside.first;
    if (candidate === undefined) return false;
    this.#shift(candidate, this.#options.isTaken(candidate.address) ? 'in' : 'trying');
    this.#options.moved(candidate.address);
    return true;
  }

  #shift(candidate: Candidate, state: State): void {
    this.#leave(candidate);
    this.#enter(candidate, state);
  }

  #leave(candidate: Candidate): void {
    if (candidate.state === 'probed') this.#probed.delete(candidate);
    else this.#heapOf(candidate.state).remove(candidate);
  }

  #enter(candidate: Candidate, state: State): void {
    candidate.state = state;
    if (state === 'probed') this.#probed.add(candidate);
    else this.#heapOf(state).add(candidate);
  }

  #heapOf(state: Exclude<State, 'probed'>): Heap<Candidate> {
    return { out: this.#outside, trying: this.#trying, in: this.#in }[state];
  }
}

function precedes(a: Candidate, b: Candidate): boolean {
  return (compareRanks(a.rank, b.rank) || a.arrival - b.arrival) < 0;
}

function comesToProbe(a: Candidate, b: Candidate): boolean {
  return a.refusals === b.refusals ? precedes(a, b) : a.refusals < b.refusals;
}
