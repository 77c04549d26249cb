// Makes equal strings and equal label sets one instance, without growing for ever as workloads come and go.

import type { Labels } from '../core/model.ts';

/**
 * A memory of at most twice `limit` keys: when the young half is full it becomes the old half, and what nobody
 * asks for during one more half is forgotten. Forgetting costs sharing, never correctness.
 */
export class Generations<V> {
  readonly #limit: number;
  #young = new Map<string, V>();
  #old = new Map<string, V>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: string): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, value: V): void {
    if (this.#young.size >= this.#limit) {
      this.#old = this.#young;
      this.#young = new Map();
    }
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

/** Sized for some 15,000 workloads alive at once; beyond that records share less. */
export function createInterner(limit = 16_384): Interner {
  const strings = new Generations<string>(limit * 2);
  return {
    string: (text) => {
      const known = strings.get(text);
      if (known !== undefined) return known;
      strings.set(text, text);
      return text;
    },
    labelSets: new Generations<Labels>(limit),
  };
}
