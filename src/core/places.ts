// Who has a place where there are fewer places than addresses: by rank; among equals whoever was there first stays.

import { Heap } from './heap.ts';
import { compareRanks, type Rank } from './rank.ts';

type Candidate = {
  readonly address: string;
  readonly rank: Rank;
  /** In the order of coming. */
  readonly arrival: number;
  isIn: boolean;
  position: number;
};

/** Each change costs O(log n), and what it moves. After changes, settle() decides. */
export class Places {
  readonly #candidates = new Map<string, Candidate>();
  /** Whoever would have to go is first: the lowest rank, of these the last that came. */
  readonly #inside = new Heap<Candidate>((a, b) => precedes(b, a));
  /** Whoever is to get in next is first. */
  readonly #outside = new Heap<Candidate>(precedes);
  readonly #moved: (address: string) => void;
  #arrivals = 0;

  /** @param moved is told of each address that settle() lets in or sends out. */
  constructor(moved: (address: string) => void) {
    this.#moved = moved;
  }

  /** How many have no place. */
  get waiting(): number {
    return this.#outside.size;
  }

  /** It is known, and has no place. */
  isOut(address: string): boolean {
    return this.#candidates.get(address)?.isIn === false;
  }

  addressesOut(): string[] {
    return [...this.#candidates.values()].filter(({ isIn }) => !isIn).map(({ address }) => address);
  }

  /** A new one has no place yet, and comes after all others of its rank; one that is known keeps its turn. */
  put(address: string, rank: Rank): void {
    const known = this.#candidates.get(address);
    if (known !== undefined && compareRanks(known.rank, rank) === 0) return;
    if (known !== undefined) this.#heapOf(known).remove(known);
    const { arrival, isIn } = known ?? { arrival: this.#arrivals++, isIn: false };
    const candidate = { address, rank, arrival, isIn, position: 0 };
    this.#candidates.set(address, candidate);
    this.#heapOf(candidate).add(candidate);
  }

  delete(address: string): void {
    const known = this.#candidates.get(address);
    if (known === undefined) return;
    this.#candidates.delete(address);
    this.#heapOf(known).remove(known);
  }

  /** Fills so many places; nobody is sent out but for want of room, or for somebody of a higher rank. */
  settle(places: number): void {
    while (this.#inside.size < places && this.#move(this.#outside)) continue;
    while (this.#inside.size > places && this.#move(this.#inside)) continue;
    for (;;) {
      const { first: lowest } = this.#inside;
      const { first: next } = this.#outside;
      if (lowest === undefined || next === undefined || compareRanks(next.rank, lowest.rank) >= 0) return;
      this.#move(this.#inside);
      this.#move(this.#outside);
    }
  }

  /** Moves the first of this heap to the other one. */
  #move(from: Heap<Candidate>): boolean {
    const candidate = from.first;
    if (candidate === undefined) return false;
    from.remove(candidate);
    candidate.isIn = !candidate.isIn;
    this.#heapOf(candidate).add(candidate);
    this.#moved(candidate.address);
    return true;
  }

  #heapOf({ isIn }: Candidate): Heap<Candidate> {
    return isIn ? this.#inside : this.#outside;
  }
}

function precedes(a: Candidate, b: Candidate): boolean {
  return (compareRanks(a.rank, b.rank) || a.arrival - b.arrival) < 0;
}
