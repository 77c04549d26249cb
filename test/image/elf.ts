// Reads of an ELF file for which processor it is and which loader it asks for.

import type { TarEntry } from '../../scripts/image/tar/tar-entry.ts';

export type Elf = {
  readonly path: string;
  readonly machine: string;
  /** Only of programs, and of libraries that are programs too. */
  readonly interpreter: string | undefined;
};

const machines: Readonly<Record<number, string>> = { 0x3e: 'amd64', 0xb7: 'arm64' };
const interpreterHeader = 3;

/** undefined for what is no ELF file of 64 bits. */
export function elfOf(entry: TarEntry): Elf | undefined {
  const [content] = entry.kind === 'file' ? entry.content : [];
  if (content === undefined) return undefined;
  const file = Buffer.from(content.buffer, content.byteOffset, content.length);
  if (file.toString('latin1', 0, 5) !== '\x7fELF\x02') return undefined;
  const machine = file.readUInt16LE(18);
  const [start, bytes, count] = [
    Number(file.readBigUInt64LE(32)),
    file.readUInt16LE(54),
    file.readUInt16LE(56),
  ];
  const headers = Array.from({ length: count }, (_, i) =>
    file.subarray(start + i * bytes, start + (i + 1) * bytes),
  );
  const found = headers.find((header) => header.readUInt32LE(0) === interpreterHeader);
  const at = found === undefined ? 0 : Number(found.readBigUInt64LE(8));
  const interpreter = found === undefined ? undefined : file.toString('latin1', at, file.indexOf(0, at));
  return { path: entry.path, machine: machines[machine] ?? String(machine), interpreter };
}
