// One member of a tar archive, as writer and reader share it: no user names, no times but one, no extended attributes.

export type TarEntry = {
  /** Without a slash at either end: 'app/pan-tag-operator.js'. */
  readonly path: string;
  readonly mode: number;
  /** The user's id, and the group's. */
  readonly owner: number;
  /** Seconds since 1970. */
  readonly mtime: number;
} & TarContent;

export type TarContent =
  /** In pieces, so that large files need not be copied together. */
  | { readonly kind: 'file'; readonly content: readonly Uint8Array[] }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'folder' };

export const blockBytes = 512;

/** Of ustar's header: what the writer fills and the reader reads. Each is [offset, bytes]. */
export const fields = {
  path: [0, 100],
  mode: [100, 8],
  user: [108, 8],
  group: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  target: [157, 100],
  magic: [257, 8],
  prefix: [345, 155],
} as const;

/** The header's sum of bytes, its own field counted as blanks. */
export function checksumOf(header: Uint8Array): number {
  const [start, bytes] = fields.checksum;
  return header.reduce((sum, byte, at) => sum + (at >= start && at < start + bytes ? 0x20 : byte), 0);
}
