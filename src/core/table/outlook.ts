// Preview of one table: what would be sent if every removal were let through, pair by pair, and in short for Observe.

import type { AddressDiff } from './address-diff.ts';
import type { RemovalCause } from '../model/model.ts';

/** One tag on one address. */
export type PairChange =
  | { readonly kind: 'register'; readonly address: string; readonly tag: string }
  | {
      readonly kind: 'unregister';
      readonly address: string;
      readonly tag: string;
      readonly cause: RemovalCause;
      /** Why it would not go at once; absent: it would. */
      readonly waitsFor?: string;
    };

type ChangesInput = {
  readonly diffs: ReadonlyMap<string, AddressDiff>;
  readonly causesAt: (address: string) => (tag: string) => RemovalCause;
  readonly gate: (tag: string) => string | undefined;
};

/** Of the smallest address first; of each, removals first, by tag. */
export function pairChanges({ diffs, causesAt, gate }: ChangesInput): PairChange[] {
  const byAddress = [...diffs].sort(([a], [b]) => (a < b ? -1 : 1));
  return byAddress.flatMap(([address, { register, unregister, guarded, waiting }]) => {
    const causeOf = causesAt(address);
    const [atOnce, held] = [new Set(unregister), new Set(guarded)];
    const removal = (tag: string): PairChange => {
      const change = { kind: 'unregister', address, tag, cause: causeOf(tag) } as const;
      if (atOnce.has(tag)) return change;
      return {
        ...change,
        waitsFor: held.has(tag) ? 'the removal guard' : (gate(tag) ?? 'knowledge'),
      };
    };
    return [
      ...[...unregister, ...guarded, ...waiting].sort().map(removal),
      ...register.map((tag): PairChange => ({ kind: 'register', address, tag })),
    ];
  });
}

export type Outlook = {
  /** (address, tag) pairs, like unregister. */
  readonly register: number;
  /** Tags that are not desired, whether they would go at once, wait for information, or be held by the guard. */
  readonly unregister: number;
  /** `unregister <address> <tag>` and `register <address> <tag>`, those of the smallest addresses. */
  readonly examples: readonly string[];
};

const examplesOfEach = 3;

export function outlookOf(changes: readonly PairChange[]): Outlook {
  const { register = [], unregister = [] } = Object.groupBy(changes, ({ kind }) => kind);
  const examples = [...unregister.slice(0, examplesOfEach), ...register.slice(0, examplesOfEach)];
  return {
    register: register.length,
    unregister: unregister.length,
    examples: examples.map(({ kind, address, tag }) => `${kind} ${address} ${tag}`),
  };
}
