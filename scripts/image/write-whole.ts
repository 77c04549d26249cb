// Writes a file whole or not at all: what is there under its name is never half of it.

import { open, rename, rm } from 'node:fs/promises';

export async function writeWhole(path: string, pieces: Iterable<Uint8Array>): Promise<void> {
  const unfinished = `${path}.${process.pid}`;
  try {
    await using file = await open(unfinished, 'w');
    for (const piece of pieces) await file.writeFile(piece);
    await rename(unfinished, path);
  } finally {
    await rm(unfinished, { force: true });
  }
}
