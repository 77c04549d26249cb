// Cluster operations for tests and the demo: resources, Pods, Secrets, tokens, CRDs.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { ClusterAccess } from '../control-plane/access.ts';
import { makeApiClient, type ApiClient, type KubernetesObject } from './api-client.ts';
import { makeObjects, objectPath, type Manifest, type Objects, type Ref } from './objects.ts';
import { makePods, type Pods } from './pods.ts';
import { waitFor } from './wait-for.ts';

export type Cluster = Pick<ApiClient, 'request'> &
  Objects &
  Pods & {
    /** Applies every CRD in the *.yaml files of a directory (default: crds/) and waits until they are served. */
    readonly applyCrds: (directory?: string) => Promise<void>;
    readonly createNamespace: (name: string, labels?: Readonly<Record<string, string>>) => Promise<void>;
    /** data is plain text; the API stores it in base64. */
    readonly createSecret: (ref: Ref, data: Readonly<Record<string, string>>) => Promise<void>;
    /** A real token by TokenRequest; the ServiceAccount must exist. 600 s at least. */
    readonly serviceAccountToken: (namespace: string, name: string, seconds?: number) => Promise<string>;
    readonly close: () => Promise<void>;
  } & AsyncDisposable;

type Definition = KubernetesObject & {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly plural: string };
    readonly versions: readonly { readonly name: string; readonly served: boolean }[];
  };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
};

const crdDirectory = join(import.meta.dirname, '../../crds');

/** Connects as the administrator, or as whoever holds token. */
export function connect(access: ClusterAccess, token?: string): Cluster {
  const { url, caData } = access;
  const client = makeApiClient(token === undefined ? access : { url, caData, adminToken: token });
  const objects = makeObjects(client);
  return {
    request: client.request,
    ...objects,
    ...makePods(client),
    applyCrds: (directory = crdDirectory) => applyCrds(client, objects, directory),
    async createNamespace(name, labels = {}) {
      await objects.create('Namespace', { metadata: { name, labels } });
    },
    async createSecret(ref, data) {
      await objects.create('Secret', { metadata: { ...ref }, stringData: data });
    },
    async serviceAccountToken(namespace, name, expirationSeconds = 3600) {
      const path = `${objectPath('ServiceAccount', { namespace, name })}/token`;
      const answer = await client.request<{ status: { token: string } }>('POST', path, {
        spec: { expirationSeconds },
      });
      return answer.status.token;
    },
    close: client.close,
    [Symbol.asyncDispose]: client.close,
  };
}

async function applyCrds(client: ApiClient, objects: Objects, directory: string): Promise<void> {
  const files = (await readdir(directory)).filter((name) => name.endsWith('.yaml'));
  if (files.length === 0) throw new Error(`no *.yaml in ${directory}`);
  const texts = await Promise.all(files.map((name) => readFile(join(directory, name), 'utf8')));
  const manifests = texts.flatMap((text) =>
    parseAllDocuments(text).map((document) => document.toJS() as Manifest),
  );
  await Promise.all(
    manifests.map(async (manifest) => {
      await objects.apply('CustomResourceDefinition', manifest);
      await waitUntilServed(client, objects, manifest.metadata.name);
    }),
  );
}

/** Established comes a little before the resource answers. */
async function waitUntilServed(client: ApiClient, objects: Objects, name: string): Promise<void> {
  const established = async (): Promise<Definition | undefined> => {
    const crd = await objects.get<Definition>('CustomResourceDefinition', { name });
    const isTrue = crd.status?.conditions?.some(
      ({ type, status }) => type === 'Established' && status === 'True',
    );
    return isTrue ? crd : undefined;
  };
  const { spec } = await waitFor(established, { what: `CRD ${name} to be established` });
  for (const version of spec.versions.filter(({ served }) => served)) {
    const path = `/apis/${spec.group}/${version.name}/${spec.names.plural}?limit=1`;
    await waitFor(() => client.request('GET', path), { what: `${path} to be served` });
  }
}
