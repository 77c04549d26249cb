// Writes tar archives (ustar) of which the same entries always give the same bytes.

import { blockBytes, checksumOf, fields, type TarEntry } from './tar-entry.ts';

/**
 * The archive in pieces, in the order of the entries. The pieces of the files are not copied.
 * @throws Error naming the entry that ustar cannot hold, is named twice, or leaves the archive's root
 */
export function* tarOf(entries: Iterable<TarEntry>): Generator<Uint8Array> {
  const paths = new Set<string>();
  for (const entry of entries) {
    if (!isInside(entry.path)) throw new Error(`not a path below the root: "${entry.path}"`);
    if (paths.has(entry.path)) throw new Error(`twice in one archive: ${entry.path}`);
    paths.add(entry.path);
    const size = entry.kind === 'file' ? entry.content.reduce((sum, { length }) => sum + length, 0) : 0;
    yield headerOf(entry, size);
    if (entry.kind === 'file') yield* entry.content;
    if (size % blockBytes > 0) yield new Uint8Array(blockBytes - (size % blockBytes));
  }
  yield new Uint8Array(2 * blockBytes);
}

/** Sorted by path, with the folders that the entries lie in; these are root's and have the time of the first entry in them. */
export function withFolders(entries: readonly TarEntry[]): readonly TarEntry[] {
  const all = new Map(entries.map((entry) => [entry.path, entry]));
  for (const { path, mtime } of entries) {
    for (let end = path.indexOf('/'); end > 0; end = path.indexOf('/', end + 1)) {
      const folder = path.slice(0, end);
      const found = all.get(folder);
      if (found === undefined)
        all.set(folder, { path: folder, mode: 0o755, owner: 0, mtime, kind: 'folder' });
      else if (found.kind !== 'folder')
        throw new Error(`${path} lies below ${folder}, which is a ${found.kind}`);
    }
  }
  return [...all.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function isInside(path: string): boolean {
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

const types = { file: '0', link: '2', folder: '5' } as const;

function headerOf(entry: TarEntry, size: number): Buffer {
  const header = Buffer.alloc(blockBytes);
  const put = (field: keyof typeof fields, text: string): void => {
    const [start, bytes] = fields[field];
    if (Buffer.byteLength(text) > bytes)
      throw new Error(`${field} is longer than ustar holds: ${entry.path}`);
    header.write(text, start);
  };
  const putNumber = (field: keyof typeof fields, value: number): void => {
    if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${field} is ${value}: ${entry.path}`);
    put(field, `${value.toString(8).padStart(fields[field][1] - 1, '0')}\0`);
  };
  put('path', entry.kind === 'folder' ? `${entry.path}/` : entry.path);
  putNumber('mode', entry.mode);
  putNumber('user', entry.owner);
  putNumber('group', entry.owner);
  putNumber('size', size);
  putNumber('mtime', entry.mtime);
  put('type', types[entry.kind]);
  if (entry.kind === 'link') put('target', entry.target);
  put('magic', 'ustar\x0000');
  put('checksum', `${checksumOf(header).toString(8).padStart(6, '0')}\0 `);
  return header;
}
