// A real API server with our CRDs, and what the tests of this folder ask of it.

import assert from 'node:assert/strict';
import { Agent, request } from 'undici';
import { objectPath, type ResourceNames, resources } from '../../src/kubernetes/resources/api.ts';
import type { ClusterAccess } from '../control-plane/access.ts';
import { startControlPlane } from '../control-plane/control-plane.ts';
import { ApiFailure, type KubernetesObject } from '../harness/api-client.ts';
import { type Cluster, connect } from '../harness/cluster.ts';
import type { Manifest } from './manifests.ts';

/** Column -> cell of the first row. */
type Row = Record<string, unknown>;

export type ApiServer = Pick<Cluster, 'request'> & {
  /** What it says to creating the object, without doing it; '' = accepted. */
  refusal(manifest: Manifest): Promise<string>;
  /** Creates the object, and deletes it after use. */
  withStored(manifest: Manifest, use: (stored: KubernetesObject) => Promise<void>): Promise<void>;
  /** What kubectl get prints for an object, and what -o wide adds. */
  printed(path: string): Promise<{ narrow: Row; wide: Row }>;
  stop(): Promise<void>;
};

export async function startApiServer(): Promise<ApiServer> {
  const plane = await startControlPlane();
  const cluster = connect(plane);
  await cluster.applyCrds();
  return {
    request: cluster.request,
    refusal: (manifest) => refusal(cluster, manifest),
    async withStored(manifest, use) {
      const stored = await cluster.request('POST', creationPath(manifest), manifest);
      try {
        await use(stored);
      } finally {
        await cluster.request('DELETE', pathOf(manifest));
      }
    },
    printed: (path) => printed(plane, path),
    async stop() {
      await cluster.close();
      await plane.stop();
    },
  };
}

/** Where the object is POSTed to. */
export function creationPath(manifest: Manifest): string {
  return pathOf(manifest).slice(0, -1 - manifest.metadata.name.length);
}

function pathOf(manifest: Manifest): string {
  return objectPath(resourceOf(manifest), manifest.metadata.name, manifest.metadata.namespace);
}

function resourceOf({ kind }: Manifest): ResourceNames {
  const resource = resources.find((one) => one.kind === kind);
  assert.ok(resource !== undefined);
  return resource;
}

async function refusal(cluster: Cluster, manifest: Manifest): Promise<string> {
  try {
    await cluster.request('POST', `${creationPath(manifest)}?dryRun=All&fieldValidation=Strict`, manifest);
    return '';
  } catch (error) {
    if (error instanceof ApiFailure && error.code === 422) return error.message;
    throw error;
  }
}

type Table = {
  columnDefinitions: { name: string; priority: number }[];
  rows: { cells: unknown[] }[];
};

async function printed(access: ClusterAccess, path: string): Promise<{ narrow: Row; wide: Row }> {
  const dispatcher = new Agent({ connect: { ca: access.caData, ...access.clientCertificate } });
  const authorization = access.adminToken === '' ? {} : { authorization: `Bearer ${access.adminToken}` };
  const headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io', ...authorization };
  const { body } = await request(`${access.url}${path}`, { dispatcher, headers });
  const { columnDefinitions, rows } = (await body.json()) as Table;
  await dispatcher.close();
  const pick = (wide: boolean): Row =>
    Object.fromEntries(
      columnDefinitions.flatMap(({ name, priority }, i) =>
        priority > 0 === wide ? [[name, rows[0]?.cells[i]]] : [],
      ),
    );
  return { narrow: pick(false), wide: pick(true) };
}
