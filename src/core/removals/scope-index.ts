// Indexes addresses with pending removals by the scope of their tags, to find at once those that depend on one policy.

import type { Scope } from '../model/policy-scope.ts';

export class ScopeIndex {
  readonly #addresses = new Map<Scope, Set<string>>();
  readonly #scopes = new Map<string, ReadonlySet<Scope>>();

  /** @param scopes of the tags that are to leave this address; empty: none is. */
  put(address: string, scopes: ReadonlySet<Scope>): void {
    const before = this.#scopes.get(address);
    for (const scope of before ?? []) if (!scopes.has(scope)) this.#leave(scope, address);
    if (scopes.size === 0) this.#scopes.delete(address);
    else this.#scopes.set(address, scopes);
    for (const scope of scopes) if (before?.has(scope) !== true) this.#enter(scope, address);
  }

  /** A copy. */
  in(scope: Scope): readonly string[] {
    return [...(this.#addresses.get(scope) ?? [])];
  }

  clear(): void {
    this.#addresses.clear();
    this.#scopes.clear();
  }

  #enter(scope: Scope, address: string): void {
    const addresses = this.#addresses.get(scope);
    if (addresses === undefined) this.#addresses.set(scope, new Set([address]));
    else addresses.add(address);
  }

  #leave(scope: Scope, address: string): void {
    const addresses = this.#addresses.get(scope);
    addresses?.delete(address);
    if (addresses?.size === 0) this.#addresses.delete(scope);
  }
}
