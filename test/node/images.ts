// The container images of the node: built from the checkout, and by which names Pods use them.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildImages } from '../../scripts/image/build-images.ts';
import { writeArchive } from '../../scripts/image/image-layout.ts';
import { imageOf, layerOf, type OciImage } from '../../scripts/image/oci-image.ts';
import { type Platform, platforms } from '../../scripts/image/platforms.ts';

/** The version is that of the chart, whose default tag it is. */
export const images = {
  /** As the README installs it. */
  operator: 'registry.example.net/pan-tag-operator:0.1.0',
  simulator: 'docker.io/library/pan-os-simulator:0.1.0',
  /** The program in workload/; also the sandboxes' pause. */
  workload: 'pantag.test/workload:1',
} as const;

/** The operator's name in its archive. */
export const builtOperator = 'docker.io/library/pan-tag-operator:0.1.0';

export type ImageOptions = {
  /** Of ensureWorkload. */
  readonly workload: string;
  /** A folder for the archives. */
  readonly output: string;
  readonly report: (line: string) => void;
};

/** The paths of the archives to import. */
export async function buildNodeImages({
  workload,
  output,
  report,
}: ImageOptions): Promise<readonly string[]> {
  const platform =
    platforms.find(({ name }) => name === `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`) ??
    fail(`no images are built for ${process.arch}`);
  const built = await buildImages({ platforms: [platform], output, report });
  const file = join(output, 'workload.tar');
  await writeArchive(file, await workloadImage(workload, platform), images.workload);
  return [...built.map(({ archive }) => archive), file];
}

async function workloadImage(workload: string, platform: Platform): Promise<OciImage> {
  const content = [await readFile(workload)];
  const program = { kind: 'file', path: 'workload', mode: 0o755, owner: 0, mtime: 0, content } as const;
  return imageOf({
    platform,
    layers: [layerOf([program])],
    config: { User: '65532:65532', Entrypoint: ['/workload'] },
    created: 0,
  });
}

function fail(message: string): never {
  throw new Error(message);
}
