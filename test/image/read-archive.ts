// Reads an image's archive as a runtime would: its configuration, its layers, and the files that these make together.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import type { TarEntry } from '../../scripts/image/tar/tar-entry.ts';
import { readTar } from '../../scripts/image/tar/tar-reader.ts';

export type ReadImage = {
  readonly architecture: string;
  readonly created: string;
  readonly config: {
    readonly User: string;
    readonly WorkingDir: string;
    readonly Env: readonly string[];
    readonly Entrypoint: readonly string[];
    readonly Cmd?: readonly string[];
    readonly Labels: Readonly<Record<string, string>>;
  };
  /** Digests, from the ground up. */
  readonly layers: readonly string[];
  /** Path -> what the uppermost layer has there. */
  readonly files: ReadonlyMap<string, TarEntry>;
};

type Descriptor = { readonly digest: string; readonly size: number };

/** Of an archive with one image; each blob is checked against its digest and size. */
export async function readArchive(path: string): Promise<ReadImage> {
  const members = new Map(readTar(await readFile(path)).map((entry) => [entry.path, entry]));
  const member = (name: string): Buffer => {
    const entry = members.get(name);
    return entry?.kind === 'file' ? Buffer.concat(entry.content) : assert.fail(`no ${name} in ${path}`);
  };
  const blob = ({ digest, size }: Descriptor): Buffer => {
    const content = member(`blobs/${digest.replace(':', '/')}`);
    assert.equal(content.length, size);
    assert.equal(`sha256:${createHash('sha256').update(content).digest('hex')}`, digest);
    return content;
  };
  const json = (content: Buffer): unknown => JSON.parse(content.toString());
  const { manifests } = json(member('index.json')) as { readonly manifests: readonly Descriptor[] };
  const [only, ...others] = manifests;
  assert.ok(only !== undefined && others.length === 0, 'an archive has one image');
  const manifest = json(blob(only)) as {
    readonly config: Descriptor;
    readonly layers: readonly Descriptor[];
  };
  const files = new Map<string, TarEntry>();
  for (const layer of manifest.layers) {
    const content = blob(layer);
    const isGzip = content[0] === 0x1f && content[1] === 0x8b;
    for (const entry of readTar(isGzip ? gunzipSync(content) : content)) files.set(entry.path, entry);
  }
  const config = json(blob(manifest.config)) as Omit<ReadImage, 'layers' | 'files'>;
  return { ...config, layers: manifest.layers.map(({ digest }) => digest), files };
}

/** 'file 644 0 1a2b...' : all of an entry but its time. Some writers have the file's type in the mode too. */
export function describe(entry: TarEntry): string {
  const head = `${entry.kind} ${(entry.mode & 0o7777).toString(8)} ${entry.owner}`;
  if (entry.kind === 'folder') return head;
  if (entry.kind === 'link') return `${head} -> ${entry.target}`;
  const hash = createHash('sha256');
  for (const piece of entry.content) hash.update(piece);
  return `${head} ${hash.digest('hex').slice(0, 16)}`;
}
