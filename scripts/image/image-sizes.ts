// Measures images: as they are unpacked on a node, and about as a registry sends them.

import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { BuiltImage } from './build-images.ts';
import type { Blob } from './oci-image.ts';

/** A line for each image. */
export async function describeImages(
  built: readonly BuiltImage[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const layers = new Map(built.flatMap(({ image }) => image.layers).map((layer) => [layer.digest, layer]));
  const compressed = new Map<string, number>();
  await Promise.all(
    [...layers.values()].map(async (layer) =>
      compressed.set(layer.digest, await compressedSize(layer, signal)),
    ),
  );
  return built.map(({ reference, platform, image, archive }) => {
    const unpacked = image.layers.reduce((sum, { size }) => sum + size, 0);
    const sent = image.layers.reduce((sum, { digest }) => sum + (compressed.get(digest) ?? 0), 0);
    return [
      archive,
      `  ${reference} for ${platform.name}: ${mebibytes(unpacked)}, gzip ${mebibytes(sent)}`,
      `  manifest ${image.manifest.digest}`,
      `  config   ${image.config.digest}`,
    ].join('\n');
  });
}

async function compressedSize({ content }: Blob, signal: AbortSignal): Promise<number> {
  let size = 0;
  await pipeline(
    content,
    createGzip(),
    async (pieces: AsyncIterable<Buffer>) => {
      for await (const { length } of pieces) size += length;
    },
    { signal },
  );
  return size;
}

const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
