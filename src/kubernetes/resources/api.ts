// The names of our API: group, kinds, paths, and the revision of the schemas that this program needs.

import { z } from 'zod';

export const group = 'pantag.io';
export const version = 'v1alpha1';
export const apiVersion = `${group}/${version}`;
export const category = 'pantag';

export type Kind = 'PanFirewall' | 'PanTagPolicy' | 'ClusterPanTagPolicy';

export type ResourceNames = {
  readonly kind: Kind;
  readonly plural: string;
  readonly singular: string;
  readonly shortName: string;
  readonly namespaced: boolean;
};

export const panFirewalls: ResourceNames = {
  kind: 'PanFirewall',
  plural: 'panfirewalls',
  singular: 'panfirewall',
  shortName: 'panfw',
  namespaced: false,
};

export const panTagPolicies: ResourceNames = {
  kind: 'PanTagPolicy',
  plural: 'pantagpolicies',
  singular: 'pantagpolicy',
  shortName: 'ptp',
  namespaced: true,
};

export const clusterPanTagPolicies: ResourceNames = {
  kind: 'ClusterPanTagPolicy',
  plural: 'clusterpantagpolicies',
  singular: 'clusterpantagpolicy',
  shortName: 'cptp',
  namespaced: false,
};

export const resources = [panFirewalls, panTagPolicies, clusterPanTagPolicies] as const;

/** Of all objects of a resource, in every namespace: what is listed and watched. */
export function collectionPath(resource: ResourceNames): string {
  return `/apis/${apiVersion}/${resource.plural}`;
}

/** @param namespace only where the resource is namespaced. */
export function objectPath(resource: ResourceNames, name: string, namespace?: string): string {
  const scope = resource.namespaced ? `namespaces/${encodeURIComponent(namespace ?? '')}/` : '';
  return `/apis/${apiVersion}/${scope}${resource.plural}/${encodeURIComponent(name)}`;
}

export function definitionName(resource: ResourceNames): string {
  return `${resource.plural}.${group}`;
}

export function definitionPath(resource: ResourceNames): string {
  return `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${definitionName(resource)}`;
}

/** Its value names a held plan; the operator deletes it when it has been acted on. */
export const approveRemovalsAnnotation = `${group}/approve-removals`;

/** Any value: every table is read at once; the operator deletes it when that begins. */
export const resyncAnnotation = `${group}/resync`;

/** Its value is the id of another owner, whose place is to be taken; the operator deletes it when that is done. */
export const adoptAnnotation = `${group}/adopt`;
/** On a PanFirewall with deletionPolicy Purge: it stays until what is ours was unregistered, or time is up. */
export const purgeFinalizer = `${group}/purge`;

export function isFinalized({ finalizers }: { readonly finalizers: readonly string[] }): boolean {
  return finalizers.includes(purgeFinalizer);
}

export const schemaRevisionAnnotation = `${group}/schema-revision`;
/**
 * Raised with every change of the CRDs that this program relies on. Installed CRDs of a lower revision would
 * silently drop fields, so the operator is not ready with them.
 */
export const schemaRevision = 7;

const definition = z.object({
  metadata: z.object({
    uid: z.string().catch(''),
    creationTimestamp: z.string().catch(''),
    deletionTimestamp: z.string().optional().catch(undefined),
    annotations: z.record(z.string(), z.string()).catch({}),
  }),
});

/** What matters of an installed CustomResourceDefinition. */
export type InstalledDefinition = {
  readonly uid: string;
  /** RFC 3339, whole seconds. */
  readonly createdAt: string;
  /** Its deletion has begun. */
  readonly deleting: boolean;
  /** Of the schema; 0 where it tells none. */
  readonly revision: number;
};

/** @param crd as the API server serves it. */
export function readDefinition(crd: unknown): InstalledDefinition {
  const metadata = definition.safeParse(crd).data?.metadata;
  const revision = Number(metadata?.annotations[schemaRevisionAnnotation]);
  return {
    uid: metadata?.uid ?? '',
    createdAt: metadata?.creationTimestamp ?? '',
    deleting: metadata?.deletionTimestamp !== undefined,
    revision: Number.isSafeInteger(revision) && revision > 0 ? revision : 0,
  };
}
