// Makes equal strings and equal label sets one instance, without growing without bound as workloads come and go.

import type { Labels } from '../../core/model/model.ts';

/**
 * A memory of at most twice `limit` keys and twice `bytes`: when the young half is full it becomes the old half, and what
 * nobody asks for during one more half is forgotten. Forgetting costs sharing, never correctness.
 */
export class Generations<V> {
  readonly #limit: number;
  readonly #mostBytes: number;
  #bytes = 0;
  #young = new Map<string, V>();
  #old = new Map<string, V>();

  /** @param bytes what a half may take, by the sizes that `set` is told. */
  constructor(limit: number, bytes = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
    this.#mostBytes = bytes;
  }

  get(key: string): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  /** The size of an entry is that of its key: what the values take grows with it. */
  set(key: string, value: V): void {
    if (this.#young.size >= this.#limit || this.#bytes + key.length > this.#mostBytes) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#bytes = 0;
    }
    if (!this.#young.has(key)) this.#bytes += key.length;
    this.#young.set(key, value);
  }
}

export type Interner = {
  /** Short strings that repeat: namespaces, nodes, service accounts, label keys and values. */
  readonly string: (text: string) => string;
  /** Label sets under any key that tells them apart, such as their encoded bytes. */
  readonly labelSets: Generations<Labels>;
};

export const noLabels: Labels = new Map();

/**
 * A set whose key is longer is not remembered, and neither are its texts: hardly any workload has one, and a tenant may
 * change it every second, each time into one that never comes back.
 */
export const largestSharedSet = 8_192;
/** What a half may take, of keys alone; a label set takes about six times its key. */
const mostBytes = { strings: 2 * 1024 * 1024, labelSets: 4 * 1024 * 1024 };

/** Sized for some 15,000 workloads alive at once; beyond that records share less. */
export function createInterner(limit = 16_384): Interner {
  const strings = new Generations<string>(limit * 2, mostBytes.strings);
  return {
    string: (text) => {
      const known = strings.get(text);
      if (known !== undefined) return known;
      strings.set(text, text);
      return text;
    },
    labelSets: new Generations<Labels>(limit, mostBytes.labelSets),
  };
}

/**
 * The label set of a key: the known one, or what `read` makes of it and remembers.
 * @param read is given what makes its texts shared where the set is.
 */
export function sharedLabels(
  key: string,
  interner: Interner,
  read: (share: Interner['string']) => Labels,
): Labels {
  if (key.length > largestSharedSet) return read((text) => text);
  const known = interner.labelSets.get(key);
  if (known !== undefined) return known;
  const labels = read(interner.string);
  interner.labelSets.set(key, labels);
  return labels;
}
