// An image as content-addressed blobs: layers, configuration, manifest (OCI image specification 1.1).

import { createHash } from 'node:crypto';
import type { ImageConfig } from './image-plan.ts';
import type { Platform } from './platforms.ts';
import type { TarEntry } from './tar/tar-entry.ts';
import { tarOf, withFolders } from './tar/tar-writer.ts';

export type Blob = {
  readonly mediaType: string;
  /** 'sha256:...' */
  readonly digest: string;
  readonly size: number;
  /** In pieces; a layer shares them with the files that it was made of. */
  readonly content: readonly Uint8Array[];
};

export type OciImage = {
  readonly platform: Platform;
  readonly layers: readonly Blob[];
  readonly config: Blob;
  readonly manifest: Blob;
};

const media = 'application/vnd.oci.image';

/**
 * Not compressed: then the digest rests on the files alone, not on the release and the processor of a compressor, and is
 * also what a runtime finds after it has unpacked a copy that a registry holds compressed.
 */
export function layerOf(entries: readonly TarEntry[]): Blob {
  return blobOf(`${media}.layer.v1.tar`, [...tarOf(withFolders(entries))]);
}

export type ImageParts = {
  readonly platform: Platform;
  readonly layers: readonly Blob[];
  readonly config: ImageConfig;
  /** Seconds since 1970. */
  readonly created: number;
};

export function imageOf({ platform, layers, config, created }: ImageParts): OciImage {
  const configBlob = json(`${media}.config.v1+json`, {
    created: new Date(created * 1000).toISOString(),
    architecture: platform.architecture,
    os: 'linux',
    config,
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
  });
  const manifest = json(`${media}.manifest.v1+json`, {
    schemaVersion: 2,
    mediaType: `${media}.manifest.v1+json`,
    config: descriptorOf(configBlob),
    layers: layers.map(descriptorOf),
  });
  return { platform, layers, config: configBlob, manifest };
}

/** One name for the images of several platforms. */
export function indexOf(images: readonly OciImage[]): Blob {
  return json(`${media}.index.v1+json`, {
    schemaVersion: 2,
    mediaType: `${media}.index.v1+json`,
    manifests: images.map(({ manifest, platform }) => ({
      ...descriptorOf(manifest),
      platform: { architecture: platform.architecture, os: 'linux' },
    })),
  });
}

export function descriptorOf({ mediaType, digest, size }: Blob) {
  return { mediaType, digest, size };
}

export function json(mediaType: string, value: unknown): Blob {
  return blobOf(mediaType, [Buffer.from(JSON.stringify(value))]);
}

function blobOf(mediaType: string, content: readonly Uint8Array[]): Blob {
  const hash = createHash('sha256');
  for (const piece of content) hash.update(piece);
  const size = content.reduce((sum, { length }) => sum + length, 0);
  return { mediaType, digest: `sha256:${hash.digest('hex')}`, size, content };
}
