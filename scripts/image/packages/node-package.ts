// Node for a platform: the npm package that package-lock.json pins, of any platform and not just of this machine's.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import lock from '../../../package-lock.json' with { type: 'json' };
import { type Context, run } from '../command.ts';
import { findCached, keep, type Pinned } from './package-cache.ts';
import type { Platform } from '../platforms.ts';
import type { TarEntry } from '../tar/tar-entry.ts';
import { readTar } from '../tar/tar-reader.ts';

export type NodePackage = {
  readonly name: string;
  readonly version: string;
  /** The hash of npm's archive of it, in the form of Subresource Integrity. */
  readonly integrity: string;
  /** Its files by their paths in the package: 'bin/node', 'LICENSE'. */
  readonly files: ReadonlyMap<string, TarEntry>;
};

export async function nodePackageFor(
  { nodePackage: name }: Platform,
  context: Context,
): Promise<NodePackage> {
  const { version, integrity } = lock.packages[`node_modules/${name}`];
  const [algorithm, hash = ''] = integrity.split('-');
  if (algorithm !== 'sha512') throw new Error(`${name} is pinned by ${algorithm}, not by sha512`);
  const pinned: Pinned = { file: `${name}-${version}.tgz`, algorithm, hash };
  const archive = (await findCached(pinned)) ?? (await fetchPackage(`${name}@${version}`, pinned, context));
  const members = readTar(await promisify(gunzip)(await readFile(archive)));
  return {
    name,
    version,
    integrity,
    files: new Map(members.map((entry) => [entry.path.replace(/^package\//, ''), entry])),
  };
}

async function fetchPackage(name: string, pinned: Pinned, { report, signal }: Context): Promise<string> {
  report(`fetching ${name} from npm (50 MB, once)`);
  const directory = await mkdtemp(join(tmpdir(), 'pantag-node-'));
  try {
    const args = ['pack', name, '--pack-destination', directory, '--silent', '--prefer-offline'];
    await run('npm', args, { cwd: directory, signal, hint: 'is the npm registry reached from here?' });
    return await keep(join(directory, pinned.file), pinned);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
