// Builds the operator's and the simulator's images for some platforms, without a container engine and without a registry.

import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pkg from '../../package.json' with { type: 'json' };
import { revisionOf } from '../revision.ts';
import { baseConfig, baseEntries, baseImage } from './base-layer.ts';
import type { Context } from './command.ts';
import { readDockerfile, type Stage } from './dockerfile.ts';
import { writeArchive, writeLayout } from './image-layout.ts';
import { imageBill, imageLicences } from './image-papers.ts';
import { type Copy, planImage } from './image-plan.ts';
import { bundlesOf, copied } from './image-sources.ts';
import { type Blob, imageOf, layerOf, type OciImage } from './oci-image.ts';
import { debianPackagesFor } from './packages/debian-packages.ts';
import { nodePackageFor } from './packages/node-package.ts';
import type { Platform } from './platforms.ts';
import { writeWhole } from './write-whole.ts';

export type BuildOptions = {
  readonly platforms: readonly Platform[];
  /** A folder; made when it is not there. */
  readonly output: string;
  /** Default: nobody hears of progress. */
  readonly report?: (line: string) => void;
  readonly signal?: AbortSignal;
};

export type BuiltImage = {
  readonly name: 'pan-tag-operator' | 'pan-os-simulator';
  /** As containerd keeps it: 'docker.io/library/pan-tag-operator:0.1.0'. */
  readonly reference: string;
  readonly platform: Platform;
  readonly image: OciImage;
  /** The tar file to load; beside it stand its bill of materials (.cdx.json) and its licences (.licences.txt). */
  readonly archive: string;
};

/** Name -> stage of the Dockerfile. */
const targets = { 'pan-tag-operator': '', 'pan-os-simulator': 'simulator' } as const;
const names = ['pan-tag-operator', 'pan-os-simulator'] as const;

/**
 * The same checkout gives the same bytes. Writes an archive of each image and platform, and a layout of all in `layout`.
 * Needs the network where the packages are not in the cache.
 */
export async function buildImages(options: BuildOptions): Promise<readonly BuiltImage[]> {
  const { report = () => undefined, signal = new AbortController().signal, output } = options;
  const stages = readDockerfile(await readFile(new URL('../../Dockerfile', import.meta.url), 'utf8'));
  const { revision, time } = await revisionOf();
  report('bundling the operator and the simulator');
  const source: Source = { stages, revision, time, bundles: await bundlesOf(revision) };
  await mkdir(output, { recursive: true });
  const built: BuiltImage[] = [];
  for (const platform of options.platforms) {
    for (const { name, image, papers } of await compose(platform, source, { report, signal })) {
      signal.throwIfAborted();
      const reference = `docker.io/library/${name}:${pkg.version}`;
      const file = join(output, `${name}-${pkg.version}-${platform.name.replace('/', '-')}`);
      await writeArchive(`${file}.tar`, image, reference);
      for (const [ending, text] of Object.entries(papers))
        await writeWhole(file + ending, [Buffer.from(text)]);
      built.push({ name, reference, platform, image, archive: `${file}.tar` });
    }
  }
  const byName = Object.entries(Object.groupBy(built, ({ reference }) => reference));
  await writeLayout(
    join(output, 'layout'),
    byName.map(([reference, all = []]) => ({ reference, images: all.map(({ image }) => image) })),
  );
  return built;
}

type Source = {
  readonly stages: readonly Stage[];
  readonly revision: string;
  readonly time: number;
  readonly bundles: ReadonlyMap<string, Uint8Array>;
};

async function compose(platform: Platform, { stages, revision, time, bundles }: Source, context: Context) {
  const packages = await debianPackagesFor(platform, context);
  const node = await nodePackageFor(platform, context);
  context.report(`composing the images of ${platform.name}`);
  const base = layerOf(baseEntries(packages));
  const made = new Map<string, Blob>();
  /** Images share a layer that copies the same. */
  const layerFrom = async (copies: readonly Copy[]): Promise<Blob> => {
    const key = JSON.stringify(copies);
    const layer = made.get(key) ?? layerOf(await copied(copies, { bundles, node, time }));
    made.set(key, layer);
    return layer;
  };
  const images = [];
  for (const name of names) {
    const plan = planImage(stages, {
      target: targets[name],
      args: { REVISION: revision },
      config: baseConfig,
    });
    if (plan.base !== baseImage)
      throw new Error(`the Dockerfile rests on ${plan.base}, and base-layer.ts makes ${baseImage}`);
    const layers = [base];
    for (const copies of plan.layers) layers.push(await layerFrom(copies));
    const content = { program: name, revision, bundles, node, packages };
    images.push({
      name,
      image: imageOf({ platform, layers, config: plan.config, created: time }),
      papers: { '.cdx.json': imageBill(content), '.licences.txt': imageLicences(content) },
    });
  }
  return images;
}
