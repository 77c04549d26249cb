// npm run image:dockerfile: builds the Dockerfile itself by buildah, and compares its images with the composed ones.
// No registry is asked: stand-ins take the place of the Dockerfile's two bases. Needs root, buildah, and the npm registry.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { baseConfig, baseEntries, baseImage } from '../../scripts/image/base-layer.ts';
import { buildImages } from '../../scripts/image/build-images.ts';
import { type Context, run } from '../../scripts/image/command.ts';
import { debianPackagesFor } from '../../scripts/image/packages/debian-packages.ts';
import { nodePackageFor } from '../../scripts/image/packages/node-package.ts';
import { openApt } from '../../scripts/image/packages/private-apt.ts';
import { platforms } from '../../scripts/image/platforms.ts';
import type { TarEntry } from '../../scripts/image/tar/tar-entry.ts';
import { readTar } from '../../scripts/image/tar/tar-reader.ts';
import { tarOf, withFolders } from '../../scripts/image/tar/tar-writer.ts';
import { revisionOf } from '../../scripts/revision.ts';
import { describe, type ReadImage, readArchive } from './read-archive.ts';

const root = join(import.meta.dirname, '../..');
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(new Error(name)));
const context: Context = { report: (line) => console.log(`dockerfile: ${line}`), signal: stop.signal };
const platform = platforms.find(
  ({ architecture }) => architecture === (process.arch === 'x64' ? 'amd64' : process.arch),
);
assert.ok(platform !== undefined, `no images are built for ${process.arch}`);

const directory = await mkdtemp(join(tmpdir(), 'pantag-dockerfile-'));
try {
  const base = baseEntries(await debianPackagesFor(platform, context));
  const [, slim = ''] = /^FROM (\S+) AS build$/m.exec(await readFile(join(root, 'Dockerfile'), 'utf8')) ?? [];
  await standIn(baseImage, base, [
    ['--user', baseConfig.User ?? ''],
    ['--workingdir', baseConfig.WorkingDir ?? ''],
    ...(baseConfig.Env ?? []).map((pair) => ['--env', pair]),
  ]);
  const environment = [
    'PATH=/usr/local/bin:/usr/bin',
    'NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt',
  ];
  await standIn(
    slim,
    [...base, ...(await buildTools())],
    environment.map((pair) => ['--env', pair]),
    await installNpm(),
  );
  const { revision } = await revisionOf();
  const composed = await buildImages({
    ...context,
    platforms: [platform],
    output: join(directory, 'composed'),
  });
  for (const { name, archive } of composed) {
    context.report(`building ${name}`);
    const target = name === 'pan-os-simulator' ? ['--target', 'simulator'] : [];
    // The certificates of this machine: it may stand behind a proxy with its own.
    const certificates = ['--volume', '/etc/ssl/certs:/etc/ssl/certs:ro'];
    const isolation = [
      '--pull-never',
      '--layers',
      '--isolation',
      'chroot',
      '--network',
      'host',
      ...certificates,
    ];
    await buildah('bud', ...isolation, '--build-arg', `REVISION=${revision}`, ...target, '--tag', name, root);
    const built = join(directory, `${name}.tar`);
    await buildah('push', '--quiet', name, `oci-archive:${built}`);
    compare(await readArchive(built), await readArchive(archive));
    context.report(`${name} is the same, built or composed`);
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}

/** In a mount namespace of its own, so that its storage leaves no mounts behind. */
async function buildah(...args: readonly string[]): Promise<string> {
  const storage = ['--root', join(directory, 'storage'), '--runroot', join(directory, 'run')];
  const hint = 'needs root and buildah (apt-get install buildah)';
  const options = { env: { STORAGE_DRIVER: 'overlay' }, signal: stop.signal, hint };
  return (await run('unshare', ['--mount', 'buildah', ...storage, ...args], options)).toString().trim();
}

async function standIn(
  image: string,
  entries: readonly TarEntry[],
  settings: readonly (readonly string[])[],
  usrLocal?: string,
): Promise<void> {
  context.report(`making a stand-in for ${image}`);
  const file = join(directory, 'stand-in.tar');
  await writeFile(file, [...tarOf(withFolders(entries))]);
  const container = await buildah('from', 'scratch');
  await buildah('add', '--quiet', container, file, '/');
  if (usrLocal !== undefined) await buildah('add', '--quiet', container, usrLocal, '/usr/local');
  await buildah('config', ...settings.flat(), container);
  await buildah('commit', '--quiet', '--rm', container, image);
  await rm(file);
}

/** What the build stage's commands need beside Debian's libraries: Node, npm, a shell and env. */
async function buildTools(): Promise<readonly TarEntry[]> {
  assert.ok(platform !== undefined);
  const node = await nodePackageFor(platform, context);
  await using apt = await openApt({ suite: 'trixie', architecture: platform.architecture }, context);
  const folder = await apt.download(['busybox-static']);
  const hint = 'it reads Debian packages';
  const files = await run('sh', ['-c', `dpkg-deb --fsys-tarfile ${folder}/*.deb`], {
    signal: stop.signal,
    hint,
  });
  const busybox = readTar(files).filter(({ path }) => path === 'usr/bin/busybox');
  const ofNode = ['bin/node', 'LICENSE'].map((path) => ({
    ...(node.files.get(path) ?? assert.fail(path)),
    path: `usr/local/${path}`,
  }));
  return [...busybox, ...['sh', 'env'].map((name) => link(`usr/bin/${name}`, 'busybox')), ...ofNode];
}

/** A folder to lay over /usr/local. */
async function installNpm(): Promise<string> {
  const prefix = join(directory, 'npm');
  await mkdir(prefix);
  const options = { signal: stop.signal, hint: 'is the npm registry reached from here?' };
  await run('npm', ['install', '--silent', '--global', '--prefix', prefix, 'npm@11'], options);
  return prefix;
}

function link(path: string, target: string): TarEntry {
  return { path, mode: 0o777, owner: 0, mtime: 0, kind: 'link', target };
}

function compare(built: ReadImage, composed: ReadImage): void {
  const lines = ({ files }: ReadImage) => new Map([...files].map(([path, entry]) => [path, describe(entry)]));
  assert.deepEqual(lines(built), lines(composed));
  const { 'io.buildah.version': _, ...labels } = built.config.Labels;
  assert.deepEqual({ ...built.config, Labels: labels }, composed.config);
  assert.equal(built.architecture, composed.architecture);
}
