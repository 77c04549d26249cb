// Indexes addresses with pending removals by the scope of their tags, to find at once those that depend on one policy.

import { addMember, deleteMember } from '../model/collections.ts';
import type { Scope } from '../model/policy-scope.ts';

export class ScopeIndex {
  readonly #addresses = new Map<Scope, Set<string>>();
  readonly #scopes = new Map<string, ReadonlySet<Scope>>();

  /** @param scopes of the tags that are to leave this address; empty: none is. */
  put(address: string, scopes: ReadonlySet<Scope>): void {
    const before = this.#scopes.get(address);
    for (const scope of before ?? []) if (!scopes.has(scope)) deleteMember(this.#addresses, scope, address);
    if (scopes.size === 0) this.#scopes.delete(address);
    else this.#scopes.set(address, scopes);
    for (const scope of scopes) if (before?.has(scope) !== true) addMember(this.#addresses, scope, address);
  }

  /** A copy. */
  in(scope: Scope): readonly string[] {
    return [...(this.#addresses.get(scope) ?? [])];
  }

  clear(): void {
    this.#addresses.clear();
    this.#scopes.clear();
  }
}
