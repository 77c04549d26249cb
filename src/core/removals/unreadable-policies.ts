// Unreadable policies: invalid ones, and those gone without a known deletion. Tags that could be theirs wait.

import type { PolicyId } from '../model/model.ts';
import { type Scope, scopeOf } from '../model/policy-scope.ts';

/**
 * Remembers each with the uid of the object, so that a late word about a predecessor of the same name is no word about
 * its successor. Thousands of them may come and go at once: what waits depends only on the scopes.
 */
export class UnreadablePolicies {
  readonly #scopes = new Map<Scope, Map<PolicyId, string>>();

  /** True when tags have to wait that had not to. */
  add(policy: PolicyId, uid: string): boolean {
    const scope = this.#scopes.get(scopeOf(policy));
    if (scope === undefined) this.#scopes.set(scopeOf(policy), new Map([[policy, uid]]));
    else scope.set(policy, uid);
    return scope === undefined;
  }

  /** True when tags need not wait any longer. @param uid of the object that is meant; whichever there is if absent. */
  delete(policy: PolicyId, uid?: string): boolean {
    const scope = this.#scopes.get(scopeOf(policy));
    if (scope === undefined || (uid !== undefined && scope.get(policy) !== uid)) return false;
    if (!scope.delete(policy) || scope.size > 0) return false;
    return this.#scopes.delete(scopeOf(policy));
  }

  has(policy: PolicyId, uid: string): boolean {
    return this.#scopes.get(scopeOf(policy))?.get(policy) === uid;
  }

  /** One policy of this scope, if there is one: enough to know what waits. */
  ownerOf(scope: Scope): PolicyId | undefined {
    return this.#scopes.get(scope)?.keys().next().value;
  }
}
