// Lists the npm packages that a bundle is made of, as package-lock.json pins them.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export type BundledPackage = {
  /** From the repository's root: 'node_modules/zod'. */
  readonly folder: string;
  readonly name: string;
  readonly version: string;
  /** An SPDX expression, as the package's own package.json says it. */
  readonly license: string;
  /** The hash of npm's archive of it, in the form of Subresource Integrity. */
  readonly integrity: string;
};

type Lock = {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly integrity?: string }>>;
};

/** @param inputs paths of the bundled files from the root; those outside node_modules are ours */
export async function bundledPackages(root: string, inputs: readonly string[]): Promise<BundledPackage[]> {
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as Lock;
  const folders = new Set(inputs.flatMap((input) => folderOf(input) ?? []));
  return Promise.all([...folders].sort().map((folder) => describe(root, folder, lock)));
}

/** 'node_modules/a/node_modules/@b/c/lib/d.js' -> 'node_modules/a/node_modules/@b/c' */
function folderOf(input: string): string | undefined {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
}

async function describe(root: string, folder: string, lock: Lock): Promise<BundledPackage> {
  const manifest = JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    license?: string;
  };
  const locked = lock.packages[folder];
  if (locked?.integrity === undefined || locked.version !== manifest.version) {
    throw new Error(`${folder} is not what package-lock.json says: run npm ci`);
  }
  if (manifest.license === undefined) throw new Error(`${folder} names no licence: it cannot be passed on`);
  const { name, version, license } = manifest;
  return { folder, name, version, license, integrity: locked.integrity };
}
