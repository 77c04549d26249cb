// Reads the tar archives that Debian's and npm's packages are: plain files, folders and symbolic links.

import { blockBytes, checksumOf, fields, type TarContent, type TarEntry } from './tar-entry.ts';

/**
 * The members but for the root itself; the contents are views of the archive.
 * @throws Error saying what is damaged, or of a kind that no package here has
 */
export function readTar(archive: Buffer): readonly TarEntry[] {
  const entries: TarEntry[] = [];
  for (let at = 0; ; ) {
    const header = archive.subarray(at, at + blockBytes);
    if (header.length < blockBytes) throw new Error('the archive ends before its end mark');
    if (header.every((byte) => byte === 0)) return entries;
    if (readNumber(header, 'checksum') !== checksumOf(header)) throw new Error(`no tar header at byte ${at}`);
    const size = readNumber(header, 'size');
    const content = archive.subarray(at + blockBytes, at + blockBytes + size);
    const path = pathOf(header);
    if (content.length < size) throw new Error(`the archive ends inside ${path}`);
    if (path !== '')
      entries.push({ path, ...attributesOf(header, path), ...contentOf(header, path, content) });
    at += blockBytes + Math.ceil(size / blockBytes) * blockBytes;
  }
}

function pathOf(header: Buffer): string {
  const ustar = readText(header, 'magic') === 'ustar' && header.toString('latin1', 263, 265) === '00';
  const prefix = ustar ? readText(header, 'prefix') : '';
  const path = prefix === '' ? readText(header, 'path') : `${prefix}/${readText(header, 'path')}`;
  return path.replace(/^\.(?:\/|$)/, '').replace(/\/$/, '');
}

function attributesOf(header: Buffer, path: string) {
  const owner = readNumber(header, 'user');
  if (readNumber(header, 'group') !== owner) throw new Error(`another group than its user's: ${path}`);
  return { mode: readNumber(header, 'mode'), owner, mtime: readNumber(header, 'mtime') };
}

function contentOf(header: Buffer, path: string, content: Buffer): TarContent {
  const type = readText(header, 'type');
  if (type === '0' || type === '') return { kind: 'file', content: [content] };
  if (type === '2') return { kind: 'link', target: readText(header, 'target') };
  if (type === '5') return { kind: 'folder' };
  throw new Error(`a member of type "${type}" is not read: ${path}`);
}

function readText(header: Buffer, field: keyof typeof fields): string {
  const [start, bytes] = fields[field];
  const text = header.toString('utf8', start, start + bytes);
  const end = text.indexOf('\0');
  return end === -1 ? text : text.slice(0, end);
}

function readNumber(header: Buffer, field: keyof typeof fields): number {
  const text = readText(header, field).trim();
  if (!/^[0-7]*$/.test(text)) throw new Error(`${field} is no octal number: "${text}"`);
  return Number.parseInt(text || '0', 8);
}
