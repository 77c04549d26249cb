// Archives of packages, kept outside the repository: each is checked against its hash before every use.

import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

export type Pinned = {
  /** Of the file in the cache. */
  readonly file: string;
  readonly algorithm: 'sha256' | 'sha512';
  /** Base64. */
  readonly hash: string;
};

const cacheHome = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
const folder = join(cacheHome, 'pan-tag-operator', 'image-packages');

/** The path of what is in the cache and has the hash; undefined when it must be fetched. */
export async function findCached(pinned: Pinned): Promise<string | undefined> {
  const path = join(folder, pinned.file);
  return (await hasHash(path, pinned)) ? path : undefined;
}

/**
 * Takes a fetched file over. Returns its path in the cache; two processes may do so at once.
 * @throws Error when the file is not what is pinned; nothing is kept then
 */
export async function keep(fetched: string, pinned: Pinned): Promise<string> {
  if (!(await hasHash(fetched, pinned))) {
    throw new Error(
      `${pinned.file} as it was fetched has not the ${pinned.algorithm} that is pinned: do not use it`,
    );
  }
  await mkdir(folder, { recursive: true });
  const path = join(folder, pinned.file);
  const unfinished = `${path}.${process.pid}`;
  try {
    await copyFile(fetched, unfinished);
    await rename(unfinished, path);
  } finally {
    await rm(unfinished, { force: true });
  }
  return path;
}

async function hasHash(path: string, { algorithm, hash }: Pinned): Promise<boolean> {
  const content = await readFile(path).catch(() => undefined);
  return content !== undefined && createHash(algorithm).update(content).digest('base64') === hash;
}
