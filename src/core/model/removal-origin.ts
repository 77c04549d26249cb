// Origin of a guarded removal: the object, and the change of it.

import type { PolicyId, RemovalCause } from './model.ts';
import { namespaceOf, type Scope } from './policy-scope.ts';

export type RemovalOrigin = {
  /** Pod: Pods that a list left out. Table: tags on the device that nobody claims. */
  readonly kind: 'PanTagPolicy' | 'ClusterPanTagPolicy' | 'Namespace' | 'PanFirewall' | 'Pod' | 'Table';
  /** `<namespace>/<name>` of a PanTagPolicy; '' for Pod and Table. */
  readonly name: string;
  /** `missing`: a list left it out, so whether and when it was deleted is not known. */
  readonly change: 'edited' | 'deleted' | 'missing' | 'unclaimed';
  /** A list told of it: it is one answer with whatever else that list told. */
  readonly inList?: boolean;
};

/** One origin behind a held plan, and how many of its addresses it stands behind. */
export type OriginCount = RemovalOrigin & { readonly addresses: number };

const missingPods: RemovalOrigin = { kind: 'Pod', name: '', change: 'missing' };
export const unclaimed: RemovalOrigin = { kind: 'Table', name: '', change: 'unclaimed' };

/** Where no object was noted. */
export function originOfCause(cause: RemovalCause): RemovalOrigin {
  return cause === 'relist' ? missingPods : unclaimed;
}

/** An object of the cluster was edited, or is gone. */
export function originOfObject(
  object: Pick<RemovalOrigin, 'kind' | 'name'>,
  what: 'edited' | 'gone',
  seen: 'watch' | 'list',
): RemovalOrigin {
  const inList = seen === 'list';
  const change = what === 'edited' ? what : inList ? 'missing' : 'deleted';
  return { ...object, change, inList };
}

/** The same of a policy. */
export function originOfPolicy(id: PolicyId, what: 'edited' | 'gone', seen: 'watch' | 'list'): RemovalOrigin {
  const isTenants = namespaceOf(id) !== undefined;
  const object = isTenants
    ? ({ kind: 'PanTagPolicy', name: id } as const)
    : ({ kind: 'ClusterPanTagPolicy', name: id.slice(1) } as const);
  return originOfObject(object, what, seen);
}

export function originKey({ kind, name, change }: RemovalOrigin): string {
  return `${kind} ${name} ${change}`;
}

/**
 * Whose doing a removal is, as far as one tenant alone did it: the namespace of a PanTagPolicy that was seen to be edited
 * or deleted. '' for everything else: an administrator's edit, a list, what nobody claims.
 */
export function tenantOf({ kind, name, inList = false }: RemovalOrigin): Scope {
  return kind === 'PanTagPolicy' && !inList ? (namespaceOf(name) ?? '') : '';
}
