// PanFirewalls that the command purge empties, and those that it leaves as they are.

import { purgeObstacle } from '../../core/rights/write-mode.ts';
import { nearest } from '../../core/syntax/wording.ts';
import type { ParsedFirewall } from '../../kubernetes/resources/parse.ts';

export type SelectedFirewall = {
  readonly parsed: ParsedFirewall;
  /** undefined: it is purged; else why its spec leaves it as it is, which is no failure. */
  readonly left: string | undefined;
};

/** Names that no PanFirewall has: one sentence each. */
export function unknownNames(names: readonly string[], firewalls: readonly ParsedFirewall[]): string[] {
  const notNamed = firewalls.map(({ meta }) => meta.name).filter((name) => !names.includes(name));
  const [first, ...others] = notNamed.sort();
  return names
    .filter((name) => !firewalls.some(({ meta }) => meta.name === name))
    .map((name) => {
      const hint =
        first === undefined
          ? firewalls.length === 0 && ': there are no PanFirewalls'
          : `: did you mean "${nearest(name, [first, ...others])}"?`;
      return `there is no PanFirewall "${name}"${hint || ''}`;
    });
}

/** @param names none: all of them. */
export function selectForPurge(
  firewalls: readonly ParsedFirewall[],
  names: readonly string[],
): SelectedFirewall[] {
  return firewalls
    .filter(({ meta }) => names.length === 0 || names.includes(meta.name))
    .map((parsed) => ({ parsed, left: purgeObstacle(parsed.ending) }))
    .sort((a, b) => (a.parsed.meta.name < b.parsed.meta.name ? -1 : 1));
}

/** One line for each, as it would be done; the count is what its status says. */
export function selectionLines(selected: readonly SelectedFirewall[]): string[] {
  return selected.map(({ parsed, left }) => {
    const { name } = parsed.meta;
    if (left !== undefined) return `${name}: would be skipped, ${left}`;
    if (!parsed.ok) return `${name}: would NOT be purged: ${parsed.problems}`;
    const { endpoint, purgeTimeoutSeconds } = parsed.settings;
    const owned = parsed.status?.owned;
    const count = owned === undefined ? 'all of our tags' : `${owned} addresses according to its status`;
    return `${name}: would be purged at ${endpoint}: ${count}, within ${purgeTimeoutSeconds} s`;
  });
}
