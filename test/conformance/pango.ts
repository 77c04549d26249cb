// pango, the vendor's client for Go: its driver (pango/main.go), built once and kept in the cache.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureGoBinary } from '../control-plane/go-binary.ts';
import { startStranger, type Stranger } from './stranger.ts';

const hasGo = await promisify(execFile)('go', ['version']).then(
  () => true,
  () => false,
);

/** Why the tests of Go clients cannot run here; false where they can. */
export const noGo = hasGo ? false : 'there is no Go';

export async function startPango(): Promise<Stranger> {
  const command = await ensureGoBinary({
    name: 'pango',
    source: join(import.meta.dirname, 'pango'),
    purpose: 'the conformance tests build a client with pango',
    content: (versionOf) => `a client with pango ${versionOf('github.com/PaloAltoNetworks/pango')}`,
    cost: 'less than a minute from nothing on 2 cores; 7 MB kept',
    coldPackages: 200,
  });
  return startStranger({ command, args: [] });
}
