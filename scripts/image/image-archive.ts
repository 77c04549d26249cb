// One image as a tar file that every tool loads: an OCI layout (containerd, podman, skopeo), with what docker load looks for.

import { descriptorOf, type OciImage } from './oci-image.ts';
import type { TarEntry } from './tar-entry.ts';
import { tarOf } from './tar-writer.ts';

/** @param reference with the registry and the tag, as containerd keeps it: 'docker.io/library/pan-tag-operator:0.1.0' */
export function archiveOf(image: OciImage, reference: string): Iterable<Uint8Array> {
  const { config, manifest, layers } = image;
  const blobs = new Map([config, manifest, ...layers].map((blob) => [blob.digest, blob]));
  const pathOf = (digest: string) => `blobs/${digest.replace(':', '/')}`;
  const file = (path: string, content: readonly Uint8Array[]): TarEntry => ({
    path,
    mode: 0o644,
    owner: 0,
    mtime: 0,
    kind: 'file',
    content,
  });
  const text = (path: string, value: unknown) => file(path, [Buffer.from(JSON.stringify(value))]);
  const annotations = {
    'io.containerd.image.name': reference,
    'org.opencontainers.image.ref.name': reference,
  };
  return tarOf([
    text('oci-layout', { imageLayoutVersion: '1.0.0' }),
    text('index.json', {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [
        {
          ...descriptorOf(manifest),
          platform: { architecture: image.platform.architecture, os: 'linux' },
          annotations,
        },
      ],
    }),
    text('manifest.json', [
      {
        Config: pathOf(config.digest),
        RepoTags: [reference.replace(/^docker\.io\/library\//, '')],
        Layers: layers.map(({ digest }) => pathOf(digest)),
      },
    ]),
    ...[...blobs.values()].map(({ digest, content }) => file(pathOf(digest), content)),
  ]);
}
