// Lays images out as files (OCI image layout 1.0): as a folder for all platforms, or as a tar file that every tool loads.

import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Blob, descriptorOf, indexOf, json, type OciImage } from './oci-image.ts';
import { writeWhole } from './write-whole.ts';
import type { TarEntry } from './tar/tar-entry.ts';
import { tarOf } from './tar/tar-writer.ts';

export type NamedImages = {
  /** With registry and tag, as containerd keeps it: 'docker.io/library/pan-tag-operator:0.1.0'. */
  readonly reference: string;
  /** Of one platform each. */
  readonly images: readonly OciImage[];
};

/** One image as a tar file: an OCI layout for containerd, podman and skopeo, with the list that docker load looks for. */
export async function writeArchive(path: string, image: OciImage, reference: string): Promise<void> {
  const { config, manifest, layers } = image;
  const dockerLoad = [
    {
      Config: pathOf(config),
      RepoTags: [shortName(reference)],
      Layers: layers.map(pathOf),
    },
  ];
  const files = [
    ...layoutOf([{ reference, blob: manifest }], blobsOf(image)),
    ['manifest.json', bytes(dockerLoad)] as const,
  ];
  const entries = files.map(
    ([path, content]): TarEntry => ({ path, mode: 0o644, owner: 0, mtime: 0, kind: 'file', content }),
  );
  await writeWhole(path, tarOf(entries));
}

/**
 * All images as a folder, each name with its platforms. An older layout there is replaced.
 * @throws Error when there is another folder of that name
 */
export async function writeLayout(folder: string, named: readonly NamedImages[]): Promise<void> {
  const there = await readdir(folder).catch(() => undefined);
  if (there !== undefined && !there.includes('oci-layout'))
    throw new Error(`${folder} is there and is no OCI layout`);
  const indexes = named.map(({ reference, images }) => ({ reference, blob: indexOf(images) }));
  const blobs = named.flatMap(({ images }) => images.flatMap(blobsOf));
  const unfinished = `${folder}.${process.pid}`;
  try {
    for (const [path, content] of layoutOf(indexes, [...blobs, ...indexes.map(({ blob }) => blob)])) {
      await mkdir(dirname(join(unfinished, path)), { recursive: true });
      await writeWhole(join(unfinished, path), content);
    }
    await rm(folder, { recursive: true, force: true });
    await rename(unfinished, folder);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** Path -> content. */
function layoutOf(
  named: readonly { readonly reference: string; readonly blob: Blob }[],
  blobs: readonly Blob[],
): Map<string, readonly Uint8Array[]> {
  const manifests = named.map(({ reference, blob }) => ({
    ...descriptorOf(blob),
    annotations: {
      'io.containerd.image.name': reference,
      'org.opencontainers.image.ref.name': shortName(reference),
    },
  }));
  const index = json('application/vnd.oci.image.index.v1+json', { schemaVersion: 2, manifests });
  return new Map([
    ['oci-layout', bytes({ imageLayoutVersion: '1.0.0' })],
    ['index.json', index.content],
    ...blobs.map((blob) => [pathOf(blob), blob.content] as const),
  ]);
}

const pathOf = ({ digest }: Blob) => `blobs/${digest.replace(':', '/')}`;
const blobsOf = ({ config, manifest, layers }: OciImage) => [manifest, config, ...layers];
const shortName = (reference: string) => reference.replace(/^docker\.io\/library\//, '');
const bytes = (value: unknown) => [Buffer.from(JSON.stringify(value))];
