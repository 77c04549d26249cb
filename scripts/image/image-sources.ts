// Finds the files that COPY names: in the build stage, which npm and the bundler stand in for, and in the checkout.

import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { bundle, operator, simulator } from '../bundle.ts';
import type { Copy } from './image-plan.ts';
import type { NodePackage } from './packages/node-package.ts';
import type { TarEntry } from './tar/tar-entry.ts';

export type BuildStage = {
  /** File name -> content; what `npm run build` writes. */
  readonly bundles: ReadonlyMap<string, Uint8Array>;
  readonly node: NodePackage;
  /** Of the sources, in seconds since 1970. */
  readonly time: number;
};

const checkout = new URL('../../', import.meta.url).pathname;

/** @param revision as the Dockerfile's build argument REVISION */
export async function bundlesOf(revision: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const bundles = await Promise.all([bundle(operator, revision), bundle(simulator, revision)]);
  return new Map(bundles.flatMap((files) => [...files]));
}

/** The files of one layer; root's, as COPY makes them. */
export async function copied(copies: readonly Copy[], stage: BuildStage): Promise<readonly TarEntry[]> {
  const files = copies.flatMap(({ from, sources, target }) =>
    sources.map((source) => ({ from, source, target })),
  );
  return Promise.all(
    files.map(async ({ from, source, target }): Promise<TarEntry> => {
      if (from !== 'build')
        throw new Error(`COPY ${source}: only what is copied from the stage "build" can be found`);
      const path = target.endsWith('/') ? `${target}${basename(source)}` : target;
      return { ...(await find(source, stage)), path: path.slice(1), owner: 0 };
    }),
  );
}

/** The official image of Node has its files below /usr/local; `npm run build` writes to /build/dist. */
async function find(path: string, { bundles, node, time }: BuildStage): Promise<TarEntry> {
  const ofNode = node.files.get(path.replace(/^\/usr\/local\//, ''));
  // Their own time: a new revision of the operator leaves Node's layer as it is.
  if (ofNode !== undefined) return ofNode;
  const source = { path, mode: 0o644, owner: 0, mtime: time, kind: 'file' } as const;
  const bundled = bundles.get(path.replace(/^\/build\/dist\//, ''));
  if (bundled !== undefined) return { ...source, content: [bundled] };
  const name = /^\/build\/([\w.-]+)$/.exec(path)?.[1];
  if (name === undefined) throw new Error(`COPY ${path}: only a container engine could make that`);
  return { ...source, content: [await readFile(join(checkout, name))] };
}
