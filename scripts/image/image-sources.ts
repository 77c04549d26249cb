// Finds the files that COPY names: in the build stage, which npm and the bundler stand in for, and in the checkout.

import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { bundle, operator, simulator } from '../bundle.ts';
import type { Copy } from './image-plan.ts';
import type { NodePackage } from './node-package.ts';
import type { TarEntry } from './tar-entry.ts';

/** Content and mode of a file by its path in the Dockerfile's build stage. */
export type BuildStage = (path: string) => Promise<{ readonly content: Uint8Array; readonly mode: number }>;

const checkout = new URL('../../', import.meta.url).pathname;

/** @param revision as the Dockerfile's build argument REVISION */
export async function bundlesOf(revision: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const bundles = await Promise.all([bundle(operator, revision), bundle(simulator, revision)]);
  return new Map(bundles.flatMap((files) => [...files]));
}

/** The official image of Node has its files below /usr/local; `npm run build` writes to /build/dist. */
export function buildStageOf(bundles: ReadonlyMap<string, Uint8Array>, node: NodePackage): BuildStage {
  return async (path) => {
    const ofNode = node.files.get(path.replace(/^\/usr\/local\//, ''));
    if (ofNode?.kind === 'file') return { content: Buffer.concat(ofNode.content), mode: ofNode.mode };
    const bundled = bundles.get(path.replace(/^\/build\/dist\//, ''));
    if (bundled !== undefined) return { content: bundled, mode: 0o644 };
    const source = /^\/build\/([\w.-]+)$/.exec(path)?.[1];
    if (source === undefined)
      throw new Error(`the Dockerfile copies ${path}, which only a container engine could make`);
    return { content: await readFile(join(checkout, source)), mode: 0o644 };
  };
}

/** The files of one layer. @param mtime of the files, in seconds since 1970 */
export async function entriesOf(
  copies: readonly Copy[],
  stage: BuildStage,
  mtime: number,
): Promise<readonly TarEntry[]> {
  const files = copies.flatMap(({ from, sources, target }) =>
    sources.map((source) => ({ from, source, target })),
  );
  return Promise.all(
    files.map(async ({ from, source, target }): Promise<TarEntry> => {
      if (from !== 'build')
        throw new Error(
          `COPY --from=${from || 'the build context'} ${source}: only the stage "build" is read`,
        );
      const { content, mode } = await stage(source);
      const path = target.endsWith('/') ? `${target}${basename(source)}` : target;
      return { path: path.slice(1), mode, owner: 0, mtime, kind: 'file', content: [content] };
    }),
  );
}
