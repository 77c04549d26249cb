// Builds the operator's and the simulator's images for some platforms, without a container engine and without a registry.

import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pkg from '../../package.json' with { type: 'json' };
import { revisionOf, type SourceRevision } from '../revision.ts';
import { baseConfig, baseEntries, baseImage } from './base-layer.ts';
import type { Context } from './command.ts';
import { debianPackagesFor } from './debian-packages.ts';
import { readDockerfile, type Stage } from './dockerfile.ts';
import { archiveOf } from './image-archive.ts';
import { planImage } from './image-plan.ts';
import { buildStageOf, bundlesOf, entriesOf } from './image-sources.ts';
import { nodePackageFor } from './node-package.ts';
import { imageOf, layerOf, type OciImage } from './oci-image.ts';
import type { Platform } from './platforms.ts';

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
  /** The tar file to load. */
  readonly archive: string;
};

/** Name -> stage of the Dockerfile. */
const targets = { 'pan-tag-operator': '', 'pan-os-simulator': 'simulator' } as const;
const names = ['pan-tag-operator', 'pan-os-simulator'] as const;

/** The same checkout gives the same bytes. Needs the network where the packages are not in the cache. */
export async function buildImages(options: BuildOptions): Promise<readonly BuiltImage[]> {
  const { report = () => undefined, signal = new AbortController().signal, output } = options;
  const stages = readDockerfile(await readFile(new URL('../../Dockerfile', import.meta.url), 'utf8'));
  const source = await revisionOf();
  report('bundling the operator and the simulator');
  const bundles = await bundlesOf(source.revision);
  await mkdir(output, { recursive: true });
  const built: BuiltImage[] = [];
  for (const platform of options.platforms) {
    const images = await compose(platform, { stages, source, bundles }, { report, signal });
    for (const { name, image } of images) {
      signal.throwIfAborted();
      const reference = `docker.io/library/${name}:${pkg.version}`;
      const archive = join(output, `${name}-${pkg.version}-${platform.name.replace('/', '-')}.tar`);
      await write(archive, archiveOf(image, reference));
      built.push({ name, reference, platform, image, archive });
    }
  }
  return built;
}

type Sources = {
  readonly stages: readonly Stage[];
  readonly source: SourceRevision;
  readonly bundles: ReadonlyMap<string, Uint8Array>;
};

async function compose(platform: Platform, { stages, source, bundles }: Sources, context: Context) {
  const [packages, node] = await Promise.all([
    debianPackagesFor(platform, context),
    nodePackageFor(platform, context),
  ]);
  context.report(`composing ${platform.name}`);
  const base = layerOf(baseEntries(packages));
  const stage = buildStageOf(bundles, node);
  return Promise.all(
    names.map(async (name) => {
      const args = { REVISION: source.revision };
      const plan = planImage(stages, { target: targets[name], args, config: baseConfig });
      if (plan.base !== baseImage)
        throw new Error(`the Dockerfile's base is ${plan.base}; base-layer.ts makes ${baseImage}`);
      const entries = await Promise.all(plan.layers.map((copies) => entriesOf(copies, stage, 0)));
      const layers = [base, ...entries.map(layerOf)];
      return { name, image: imageOf({ platform, layers, config: plan.config, created: source.time }) };
    }),
  );
}

/** Whole or not at all. */
async function write(path: string, pieces: Iterable<Uint8Array>): Promise<void> {
  const unfinished = `${path}.${process.pid}`;
  try {
    await using file = await open(unfinished, 'w');
    for (const piece of pieces) await file.write(piece);
    await rename(unfinished, path);
  } finally {
    await rm(unfinished, { force: true });
  }
}
