// Manifests that are good as they are, and change by change into the cases.

import { apiVersion } from '../../src/kubernetes/resources/api.ts';

export type Spec = Record<string, unknown>;
export type Manifest = {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
  spec?: unknown;
};

/** `field` is where the fault is reported; `says` is in the message of both, where the rule is written by us. */
export type BadCase = { name: string; manifest: Manifest; field: string; says?: string };
export type GoodCase = { name: string; manifest: Manifest };

const firewallSpec: Spec = {
  endpoint: 'https://fw-a.example.net',
  tagPrefix: 'k8s-prod.',
  credentials: { secretRef: { name: 'edge-a' } },
  namespaceSelector: {},
  deletionPolicy: 'Purge',
};
const policySpec: Spec = { firewallNames: ['edge-a'], podSelector: {}, tags: [{ template: 'web' }] };
const clusterSpec: Spec = { ...policySpec, namespaceSelector: {} };

/** A value of undefined leaves the field out. */
export function firewall(change: Spec = {}): Manifest {
  return {
    apiVersion,
    kind: 'PanFirewall',
    metadata: { name: 'edge-a' },
    spec: { ...firewallSpec, ...change },
  };
}

export function policy(change: Spec = {}): Manifest {
  const metadata = { name: 'web', namespace: 'default' };
  return { apiVersion, kind: 'PanTagPolicy', metadata, spec: { ...policySpec, ...change } };
}

export function clusterPolicy(change: Spec = {}): Manifest {
  const metadata = { name: 'web' };
  return { apiVersion, kind: 'ClusterPanTagPolicy', metadata, spec: { ...clusterSpec, ...change } };
}

export function template(text: string): Manifest {
  return policy({ tags: [{ template: text }] });
}

export const numbered = (count: number, one: (i: number) => unknown): unknown[] =>
  Array.from({ length: count }, (_, i) => one(i));
