// Builds the images for tests as a process of its own, in surroundings of its own.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

const image = (name: string) =>
  JSON.stringify(new URL(`../../scripts/image/${name}.ts`, import.meta.url).href);

export const revision = 'a'.repeat(40);

/** The environment in which builds may differ and must not. */
export type Surroundings = {
  readonly env?: Readonly<Record<string, string>>;
  readonly umask?: number;
  readonly platforms?: readonly string[];
};

/** Rejects with what the build printed. */
export async function build(
  output: string,
  { env = {}, umask = 0o022, platforms }: Surroundings = {},
): Promise<void> {
  const program = `
    import { buildImages } from ${image('build-images')};
    import { platforms } from ${image('platforms')};
    process.umask(${umask});
    const chosen = ${JSON.stringify(platforms ?? null)};
    await buildImages({
      platforms: platforms.filter(({ name }) => chosen?.includes(name) ?? true),
      output: ${JSON.stringify(output)},
      report: console.error,
    });`;
  const fixed = { PANTAG_BUILD_REVISION: revision, SOURCE_DATE_EPOCH: '1700000000' };
  await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: '/',
    env: { ...process.env, ...fixed, ...env },
  });
}

/** Path -> hash, of all files below a folder. */
export async function hashesOf(folder: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const hashes = new Map<string, string>();
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash);
    hashes.set(path.slice(folder.length + 1), hash.digest('hex'));
  }
  return hashes;
}

/** Why no image can be built here; false where one can. Where CI=true, it must be possible. */
export async function noDebian(): Promise<string | false> {
  if (process.env['CI'] === 'true') return false;
  const tools = await Promise.allSettled(
    ['apt-get', 'dpkg-deb'].map((tool) => promisify(execFile)(tool, ['--version'])),
  );
  return tools.every(({ status }) => status === 'fulfilled')
    ? false
    : 'there is no apt-get and dpkg-deb (Debian, Ubuntu)';
}
