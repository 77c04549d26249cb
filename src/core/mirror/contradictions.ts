// Pairs that a device confirmed and a reading contradicts: sent once more, then trusted only when read back.

import type { Present } from './mirror.ts';
import type { RefusedPair } from '../message/refusals.ts';
import { membership, type TagSet, without } from '../model/tag-set.ts';

type Sight = {
  /** What messages and earlier readings made us believe. */
  readonly believed: Present;
  /** What a reading shows now. */
  readonly read: TagSet;
  readonly desired: TagSet;
};

type Section = RefusedPair['section'];

/** Once may be somebody else's doing, or a message that took effect late. */
const patience = 2;

const words: Readonly<Record<Section, string>> = {
  register: 'the device acknowledged the registration, but it is missing when the table is read back',
  unregister: 'the device acknowledged the removal, but the tag is still there when the table is read back',
};

export class Contradictions {
  /** address -> section and tag -> readings that contradicted it, without one that agreed. */
  readonly #counts = new Map<string, Map<string, number>>();

  /** Takes up a reading of an address. Tells the pairs that are not believed from here on. */
  see(address: string, { believed, read, desired }: Sight): readonly RefusedPair[] {
    const lost = without(desired, read).filter(membership(believed.tags));
    const left = without(read, [...desired, ...believed.tags, ...believed.unsure]);
    this.agree(address, { read, desired });
    return [...this.#count(address, 'register', lost), ...this.#count(address, 'unregister', left)];
  }

  /** What is as it is wanted, and what is not wanted any more, is no contradiction. */
  agree(address: string, { read, desired }: Pick<Sight, 'read' | 'desired'>): void {
    const counts = this.#counts.get(address);
    if (counts === undefined) return;
    const open = new Set([
      ...without(desired, read).map((tag) => keyOf('register', tag)),
      ...without(read, desired).map((tag) => keyOf('unregister', tag)),
    ]);
    for (const key of counts.keys()) if (!open.has(key)) counts.delete(key);
    if (counts.size === 0) this.#counts.delete(address);
  }

  /** Of the pairs that a message about the address confirms, those that are not believed. */
  distrusted(address: string, confirmed: Readonly<Record<Section, TagSet>>): readonly RefusedPair[] {
    const counts = this.#counts.get(address);
    if (counts === undefined) return [];
    return (['unregister', 'register'] as const).flatMap((section) =>
      confirmed[section]
        .filter((tag) => (counts.get(keyOf(section, tag)) ?? 0) >= patience)
        .map((tag) => refusedPair(section, address, tag)),
    );
  }

  /** Something at the address was contradicted, and no reading has agreed since. */
  has(address: string): boolean {
    return this.#counts.has(address);
  }

  /** The input of the address changed. */
  forgive(address: string): void {
    this.#counts.delete(address);
  }

  clear(): void {
    this.#counts.clear();
  }

  #count(address: string, section: Section, tags: TagSet): readonly RefusedPair[] {
    if (tags.length === 0) return [];
    const counts = this.#counts.get(address) ?? new Map<string, number>();
    this.#counts.set(address, counts);
    return tags.flatMap((tag) => {
      const times = (counts.get(keyOf(section, tag)) ?? 0) + 1;
      counts.set(keyOf(section, tag), times);
      return times >= patience ? refusedPair(section, address, tag) : [];
    });
  }
}

function refusedPair(section: Section, address: string, tag: string): RefusedPair {
  return { section, address, tag, message: words[section], contradicted: true };
}

function keyOf(section: Section, tag: string): string {
  return `${section} ${tag}`;
}
