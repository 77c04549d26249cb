// The Debian packages of the base layer, as debian-lock.json pins them.

import { join } from 'node:path';
import { type Context, run } from '../command.ts';
import lock from './debian-lock.json' with { type: 'json' };
import { findCached, keep, type Pinned } from './package-cache.ts';
import type { Platform } from '../platforms.ts';
import { type Archive, openApt, snapshotOf } from './private-apt.ts';
import type { TarEntry } from '../tar/tar-entry.ts';
import { readTar } from '../tar/tar-reader.ts';

/** A row of debian-lock.json. */
export type LockedPackage = {
  readonly name: string;
  readonly version: string;
  /** Of the package: 'amd64', 'arm64', or 'all'. */
  readonly architecture: string;
  /** Of the .deb file; hexadecimal. */
  readonly sha256: string;
};

export type DebianPackage = LockedPackage & {
  readonly files: readonly TarEntry[];
  /** What dpkg tells of it: the text of its control file. */
  readonly control: string;
};

/** Fetches what is not in the cache. */
export async function debianPackagesFor(
  { architecture }: Platform,
  context: Context,
): Promise<readonly DebianPackage[]> {
  const locked = lock.packages.filter(
    (one) => one.architecture === architecture || one.architecture === 'all',
  );
  const found = new Map(
    await Promise.all(locked.map(async (one) => [one, await findCached(pinOf(one))] as const)),
  );
  const missing = locked.filter((one) => found.get(one) === undefined);
  if (missing.length > 0) {
    context.report(`fetching ${missing.map(({ name }) => name).join(', ')} from Debian`);
    const fetched = await download(missing, architecture, context);
    for (const [one, path] of fetched) found.set(one, path);
  }
  return Promise.all(locked.map((one) => readPackage(one, found.get(one) ?? '', context)));
}

/** From today's mirror, or, where that has gone on to other versions, from the archive of all of them. */
async function download(missing: readonly LockedPackage[], architecture: string, context: Context) {
  const from = async (archive: Archive | undefined) => {
    await using apt = await openApt({ suite: lock.suite, architecture, archive }, context);
    const folder = await apt.download(missing.map(({ name, version }) => `${name}=${version}`));
    // apt's folder goes with it, so all must have been taken over first.
    return await Promise.all(
      missing.map(async (one) => [one, await keep(join(folder, fileOf(one)), pinOf(one))] as const),
    );
  };
  try {
    return await from(undefined);
  } catch (error) {
    context.signal.throwIfAborted();
    const archive = snapshotOf(lock.pinnedAt);
    context.report(`not all of these versions are to be had there, trying ${archive.name}`);
    return await from(archive).catch(() => {
      throw error;
    });
  }
}

async function readPackage(locked: LockedPackage, file: string, { signal }: Context): Promise<DebianPackage> {
  const hint = 'it reads Debian packages, and is there on Debian and Ubuntu';
  const unpack = (what: string) => run('dpkg-deb', [what, file], { signal, hint });
  const [files, controls] = await Promise.all([unpack('--fsys-tarfile'), unpack('--ctrl-tarfile')]);
  const control = readTar(controls).find(({ path }) => path === 'control');
  if (control?.kind !== 'file') throw new Error(`${fileOf(locked)} has no control file`);
  return { ...locked, files: readTar(files), control: Buffer.concat(control.content).toString() };
}

/** As apt names it, where an epoch's colon is escaped. */
function fileOf({ name, version, architecture }: LockedPackage): string {
  return `${name}_${version.replace(':', '%3a')}_${architecture}.deb`;
}

function pinOf(locked: LockedPackage): Pinned {
  return {
    file: fileOf(locked),
    algorithm: 'sha256',
    hash: Buffer.from(locked.sha256, 'hex').toString('base64'),
  };
}
