// Preview of one table for mode Observe: what Enforce would send if every removal were let through.

import type { AddressDiff } from './address-diff.ts';

export type Outlook = {
  /** (address, tag) pairs, like unregister. */
  readonly register: number;
  /** Tags that are not desired, whether they would go at once, wait for information, or be held by the guard. */
  readonly unregister: number;
  /** `unregister <address> <tag>` and `register <address> <tag>`, those of the smallest addresses. */
  readonly examples: readonly string[];
};

const examplesOfEach = 3;

export function outlookOf(diffs: ReadonlyMap<string, AddressDiff>): Outlook {
  const coming: string[] = [];
  const going: string[] = [];
  const byAddress = [...diffs].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [address, { register, unregister, guarded, waiting }] of byAddress) {
    coming.push(...register.map((tag) => `register ${address} ${tag}`));
    going.push(
      ...[...unregister, ...guarded, ...waiting].sort().map((tag) => `unregister ${address} ${tag}`),
    );
  }
  return {
    register: coming.length,
    unregister: going.length,
    examples: [...going.slice(0, examplesOfEach), ...coming.slice(0, examplesOfEach)],
  };
}
