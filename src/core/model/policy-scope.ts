// Scope of a tag: one namespace, or cluster-wide.

import type { PolicyId } from './model.ts';

/** undefined for a ClusterPanTagPolicy. */
export function namespaceOf(id: PolicyId): string | undefined {
  return id.startsWith('/') ? undefined : id.slice(0, id.indexOf('/'));
}

/** A namespace, or '' for all that is not a namespace's: the tags that one policy could own. */
export type Scope = string;

export function scopeOf(policy: PolicyId): Scope {
  return namespaceOf(policy) ?? '';
}

/**
 * The scope of a tag behind its prefix. A PanTagPolicy owns `ns_<namespace>.`, a ClusterPanTagPolicy everything but
 * `ns_`; undefined: no policy could own it.
 */
export function scopeOfSuffix(suffix: string): Scope | undefined {
  if (!suffix.startsWith('ns_')) return '';
  const end = suffix.indexOf('.');
  // No namespace has an empty name: `ns_.` is nobody's.
  return end > 'ns_'.length ? suffix.slice('ns_'.length, end) : undefined;
}
