// Objects of the kinds that tests use: create, read, change and remove them by kind.
import { applyPatch, mergePatch, type ApiClient, type KubernetesObject } from './api-client.ts';

type Resource = { readonly apiVersion: string; readonly plural: string; readonly namespaced: boolean };

const pantag = 'pantag.io/v1alpha1';
const rbac = 'rbac.authorization.k8s.io/v1';

const kinds = {
  Namespace: { apiVersion: 'v1', plural: 'namespaces', namespaced: false },
  Pod: { apiVersion: 'v1', plural: 'pods', namespaced: true },
  Secret: { apiVersion: 'v1', plural: 'secrets', namespaced: true },
  ServiceAccount: { apiVersion: 'v1', plural: 'serviceaccounts', namespaced: true },
  Event: { apiVersion: 'events.k8s.io/v1', plural: 'events', namespaced: true },
  Lease: { apiVersion: 'coordination.k8s.io/v1', plural: 'leases', namespaced: true },
  Role: { apiVersion: rbac, plural: 'roles', namespaced: true },
  RoleBinding: { apiVersion: rbac, plural: 'rolebindings', namespaced: true },
  ClusterRole: { apiVersion: rbac, plural: 'clusterroles', namespaced: false },
  ClusterRoleBinding: { apiVersion: rbac, plural: 'clusterrolebindings', namespaced: false },
  CustomResourceDefinition: {
    apiVersion: 'apiextensions.k8s.io/v1',
    plural: 'customresourcedefinitions',
    namespaced: false,
  },
  PanFirewall: { apiVersion: pantag, plural: 'panfirewalls', namespaced: false },
  PanTagPolicy: { apiVersion: pantag, plural: 'pantagpolicies', namespaced: true },
  ClusterPanTagPolicy: { apiVersion: pantag, plural: 'clusterpantagpolicies', namespaced: false },
} as const satisfies Record<string, Resource>;

export type Kind = keyof typeof kinds;

/** Names an object; namespace defaults to 'default' and means nothing for kinds of cluster scope. */
export type Ref = { readonly name: string; readonly namespace?: string };

export type Manifest = { readonly metadata: Ref & Readonly<Record<string, unknown>> } & Readonly<
  Record<string, unknown>
>;

/** Every function rejects with an ApiFailure when the API refuses, and returns the object as it then is. */
export type Objects = {
  /** apiVersion and kind are filled in. */
  readonly create: <T = KubernetesObject>(kind: Kind, manifest: Manifest) => Promise<T>;
  /** Server-side apply: makes the object, or makes its fields equal to the manifest's. */
  readonly apply: <T = KubernetesObject>(kind: Kind, manifest: Manifest) => Promise<T>;
  readonly get: <T = KubernetesObject>(kind: Kind, ref: Ref) => Promise<T>;
  /** All namespaces when none is given. */
  readonly list: <T = KubernetesObject>(kind: Kind, namespace?: string) => Promise<readonly T[]>;
  /** A JSON merge patch: null removes a field, a list replaces a list. */
  readonly patch: <T = KubernetesObject>(kind: Kind, ref: Ref, change: object) => Promise<T>;
  /** The same on the status subresource: { status: ... }. */
  readonly patchStatus: <T = KubernetesObject>(kind: Kind, ref: Ref, change: object) => Promise<T>;
  readonly remove: (kind: Kind, ref: Ref) => Promise<void>;
};

export function makeObjects({ request }: ApiClient): Objects {
  return {
    create(kind, manifest) {
      const path = collectionPath(kind, manifest.metadata.namespace ?? 'default');
      return request('POST', path, { apiVersion: kinds[kind].apiVersion, kind, ...manifest });
    },
    apply(kind, manifest) {
      const path = `${objectPath(kind, manifest.metadata)}?fieldManager=test&force=true`;
      const body = { apiVersion: kinds[kind].apiVersion, kind, ...manifest };
      return request('PATCH', path, body, { contentType: applyPatch });
    },
    get: (kind, ref) => request('GET', objectPath(kind, ref)),
    async list<T>(kind: Kind, namespace?: string) {
      return (await request<{ items: readonly T[] }>('GET', collectionPath(kind, namespace))).items;
    },
    patch: (kind, ref, change) =>
      request('PATCH', objectPath(kind, ref), change, { contentType: mergePatch }),
    patchStatus(kind, ref, change) {
      return request('PATCH', `${objectPath(kind, ref)}/status`, change, { contentType: mergePatch });
    },
    async remove(kind, ref) {
      await request('DELETE', objectPath(kind, ref));
    },
  };
}

/** '/api/v1/namespaces/shop/pods/web-1' */
export function objectPath(kind: Kind, { name, namespace = 'default' }: Ref): string {
  return `${collectionPath(kind, namespace)}/${encodeURIComponent(name)}`;
}

/** '/api/v1/namespaces/shop/pods', or '/api/v1/pods' without a namespace. */
export function collectionPath(kind: Kind, namespace?: string): string {
  const { apiVersion, plural, namespaced } = kinds[kind];
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const scope = namespaced && namespace !== undefined ? `/namespaces/${namespace}` : '';
  return `${root}${scope}/${plural}`;
}
