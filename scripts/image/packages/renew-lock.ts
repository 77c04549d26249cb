// Pins the newest Debian packages of the base layer: writes debian-lock.json.

import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Context, run } from '../command.ts';
import lock from './debian-lock.json' with { type: 'json' };
import type { LockedPackage } from './debian-packages.ts';
import { platforms } from '../platforms.ts';
import { openApt } from './private-apt.ts';

/** Resolves with the lines that tell what is another version than before. */
export async function renewLock(context: Context): Promise<readonly string[]> {
  const names = [...new Set(lock.packages.map(({ name }) => name))];
  const found = new Map<string, LockedPackage>();
  for (const { architecture } of platforms) {
    await using apt = await openApt({ suite: lock.suite, architecture }, context);
    const folder = await apt.download(names);
    for (const file of (await readdir(folder)).sort()) {
      const one = await describe(join(folder, file), context);
      found.set(`${one.name} ${one.architecture}`, one);
    }
  }
  const packages = [...found.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const text = `${JSON.stringify({ suite: lock.suite, pinnedAt: now(), packages }, null, 2)}\n`;
  await writeFile(join(import.meta.dirname, 'debian-lock.json'), text);
  const before = new Map(lock.packages.map((one) => [key(one), one.version]));
  return packages
    .filter((one) => before.get(key(one)) !== one.version)
    .map((one) => `${key(one)}: ${before.get(key(one)) ?? 'new'} -> ${one.version}`);
}

/** As snapshot.debian.org writes times. */
const now = () => new Date().toISOString().replace(/[-:]|\.\d+/g, '');

const key = ({ name, architecture }: LockedPackage) => `${name} ${architecture}`;

async function describe(file: string, { signal }: Context): Promise<LockedPackage> {
  const hint = 'it reads Debian packages, and is there on Debian and Ubuntu';
  const format = '${Package} ${Version} ${Architecture}';
  const fields = await run('dpkg-deb', ['--show', `--showformat=${format}`, file], { signal, hint });
  const [name = '', version = '', architecture = ''] = fields.toString().split(' ');
  const sha256 = createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
  return { name, version, architecture, sha256 };
}
