// Believed content of one table: the last reading plus confirmed messages, until a reading contradicts it.

import type { Batch } from '../message/batch.ts';
import { Contradictions } from './contradictions.ts';
import { Mirror, type TableReading } from './mirror.ts';
import type { RefusedPair } from '../message/refusals.ts';
import { noTags, sameTags, type TagSet } from '../model/tag-set.ts';

export class Belief {
  readonly mirror = new Mirror();
  readonly #desiredAt: (address: string) => TagSet;
  readonly #mayMove: (address: string) => boolean;
  readonly #contradictions = new Contradictions();
  #isComplete = false;
  #isExcused = false;
  #unreadable: ReadonlySet<string> = new Set();

  /** @param mayMove a message without an answer may still take effect there: that contradicts no later one. */
  constructor(desiredAt: (address: string) => TagSet, mayMove: (address: string) => boolean) {
    this.#desiredAt = desiredAt;
    this.#mayMove = mayMove;
  }

  /** The last reading agreed with the device's own count. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** The same, and it could read the entry: what it does not show is not there. */
  isCompleteAt(address: string): boolean {
    return this.#isComplete && !this.#unreadable.has(address);
  }

  /** What a message did at the address last time was not so when it was read. */
  isContradicted(address: string): boolean {
    return this.#contradictions.has(address);
  }

  /** Tells the pairs that were confirmed over and over and are not as confirmed. */
  endRead(reading: TableReading): readonly RefusedPair[] {
    this.#unreadable = reading.unreadable ?? new Set();
    this.mirror.keep(this.#unreadable);
    const contradicted = this.#isExcused ? [] : this.#compare(reading);
    this.mirror.endRead(reading);
    this.#isComplete = reading.agreed;
    if (reading.agreed) this.#isExcused = false;
    return contradicted;
  }

  /** The same for an address by itself; `tags` are what it holds of ours. */
  readBack(address: string, tags: TagSet): readonly RefusedPair[] {
    const contradicted = this.#see(address, tags);
    this.mirror.readBack(address, tags);
    return contradicted;
  }

  /** What the device refused of a message, and what it confirmed and is not believed to have done. */
  refusedIn(batch: Batch, answered: readonly RefusedPair[]): readonly RefusedPair[] {
    const distrusted = batch.flatMap((one) => this.#contradictions.distrusted(one.address, one));
    if (distrusted.length === 0) return answered;
    const refused = new Set(answered.map(nameOf));
    const isRefused = (pair: RefusedPair) =>
      refused.has(nameOf(pair)) || refused.has(nameOf({ ...pair, tag: undefined }));
    return [...answered, ...distrusted.filter((pair) => !isRefused(pair))];
  }

  /** The input of the address changed. */
  forgive(address: string): void {
    this.#contradictions.forgive(address);
  }

  /** The table was emptied by somebody: what the next reading misses contradicts nothing. */
  excuse(): void {
    this.#contradictions.clear();
    this.#isExcused = true;
  }

  /** The device is another one: nothing is known of it. */
  forget(): void {
    this.mirror.forget();
    this.#unreadable = new Set();
    this.#contradictions.clear();
    this.#isComplete = false;
    this.#isExcused = false;
  }

  /** Where nothing moved meanwhile, and where a reading that is not complete has anything to say. */
  #compare({ owned, agreed }: TableReading): readonly RefusedPair[] {
    if (!this.mirror.known) return [];
    const seen = new Set([...(agreed ? this.mirror.addresses() : []), ...owned.keys()]);
    return [...seen].flatMap((address) =>
      this.mirror.isMoving(address) ? [] : this.#see(address, owned.get(address) ?? noTags),
    );
  }

  #see(address: string, read: TagSet): readonly RefusedPair[] {
    const believed = this.mirror.at(address);
    if (sameTags(believed.tags, read) && !this.#contradictions.has(address)) return [];
    const desired = this.#desiredAt(address);
    if (!this.#mayMove(address)) return this.#contradictions.see(address, { believed, read, desired });
    // A message that takes effect late explains what differs; what agrees agrees all the same.
    this.#contradictions.agree(address, { read, desired });
    return [];
  }
}

/** Of a pair, or of all pairs of a section at its address. No address has a blank. */
function nameOf({ address, section, tag }: RefusedPair): string {
  return tag === undefined ? `${section} ${address}` : `${section} ${address} ${tag}`;
}
