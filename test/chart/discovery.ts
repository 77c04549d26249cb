// Finds the path of a kind's objects by the API server's own discovery.
import assert from 'node:assert/strict';
import type { Cluster } from '../harness/cluster.ts';
import type { Rendered } from './helm.ts';

type ResourceList = {
  readonly resources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
  }[];
};

/** The path to POST an object to. */
export async function creationPath({ request }: Pick<Cluster, 'request'>, object: Rendered): Promise<string> {
  const { apiVersion, kind, metadata } = object;
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const { resources } = await request<ResourceList>('GET', root);
  const resource = resources.find((one) => one.kind === kind && !one.name.includes('/'));
  assert.ok(resource !== undefined, `the API server has no ${kind} in ${apiVersion}`);
  return resource.namespaced
    ? `${root}/namespaces/${metadata.namespace}/${resource.name}`
    : `${root}/${resource.name}`;
}
