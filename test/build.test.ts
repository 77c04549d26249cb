// The bundle: the same bytes each time, of nobody's machine, with the licences and the bill of what is in it.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import pkg from '../package.json' with { type: 'json' };

const root = join(import.meta.dirname, '..');
const directory = await mkdtemp(join(tmpdir(), 'pantag-build-'));
after(() => rm(directory, { recursive: true, force: true }));

/** Runs `npm run build` as its own process, into a folder of its own, in a time zone and locale of its own. */
async function build(name: string, env: Readonly<Record<string, string>>): Promise<Map<string, Buffer>> {
  const out = join(directory, name);
  const options = { cwd: root, env: { ...process.env, PANTAG_BUILD_REVISION: 'abc123', ...env } };
  const args = [join(root, 'scripts/build.ts'), '--simulator', '--out', out];
  await promisify(execFile)(process.execPath, args, options);
  const names = (await readdir(out)).sort();
  return new Map(
    await Promise.all(names.map(async (file) => [file, await readFile(join(out, file))] as const)),
  );
}

const [first, second] = await Promise.all([
  build('first', { TZ: 'UTC', LANG: 'C' }),
  build('second/deeper', { TZ: 'Asia/Tokyo', LANG: 'tr_TR.UTF-8' }),
]);
const text = (name: string): string => first.get(name)?.toString() ?? assert.fail(`${name} is missing`);

test('two builds are the same, byte for byte', () => {
  assert.deepEqual([...first.keys()], [...second.keys()]);
  for (const [name, content] of first) assert.ok(second.get(name)?.equals(content), name);
});

test('a build is one file a program, with its source map, its licences and its bill of materials', () => {
  const endings = ['cdx.json', 'js', 'js.map', 'licences.txt'];
  const names = ['pan-os-simulator', 'pan-tag-operator'];
  assert.deepEqual(
    [...first.keys()],
    names.flatMap((name) => endings.map((ending) => `${name}.${ending}`)),
  );
  assert.match(text('pan-tag-operator.js'), /\/\/# sourceMappingURL=pan-tag-operator\.js\.map\n$/);
});

test('no path of the machine that built is in it', () => {
  for (const [name, content] of first) assert.ok(!content.includes(root), `${name} holds ${root}`);
});

test('it runs alone and tells its version and the revision it was built from', async () => {
  const program = join(directory, 'first/pan-tag-operator.js');
  const { stdout } = await promisify(execFile)(process.execPath, [program, 'version'], { cwd: tmpdir() });
  assert.equal(stdout, `pan-tag-operator ${pkg.version} (Node ${process.version}, revision abc123)\n`);
});

test('the bill of materials names every package of the bundle, with version, hash and licence', () => {
  // esbuild puts each file's path above its code.
  const paths = text('pan-tag-operator.js').matchAll(/^ *\/\/ .*node_modules\/((?:@[^/]+\/)?[^/]+)\/\S+$/gm);
  const bundled = new Set([...paths].map(([, name = '']) => name));
  const bill = JSON.parse(text('pan-tag-operator.cdx.json')) as {
    readonly bomFormat: string;
    readonly specVersion: string;
    readonly serialNumber: string;
    readonly components: readonly {
      readonly name: string;
      readonly purl: string;
      readonly hashes: readonly { readonly alg: string; readonly content: string }[];
      readonly licenses: readonly { readonly expression: string }[];
    }[];
  };
  assert.equal(`${bill.bomFormat} ${bill.specVersion}`, 'CycloneDX 1.6');
  assert.match(
    bill.serialNumber,
    /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  assert.deepEqual(new Set(bill.components.map(({ name }) => name)), bundled);
  assert.ok(bundled.has('zod') && bundled.size > 10);
  for (const { name, purl, hashes, licenses } of bill.components) {
    assert.match(purl, /^pkg:npm\/(?:%40[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+/, name);
    assert.deepEqual(
      hashes.map(({ alg, content }) => [alg, content.length]),
      [['SHA-512', 128]],
      name,
    );
    assert.equal(licenses.length, 1, name);
  }
});

test('the licences of all bundled packages are passed on, and none asks for more than notices', () => {
  const { components } = JSON.parse(text('pan-tag-operator.cdx.json')) as {
    components: readonly { name: string; licenses: readonly { expression: string }[] }[];
  };
  const permissive = new Set([
    'MIT',
    'Apache-2.0',
    'BSD-2-Clause',
    'BSD-3-Clause',
    'ISC',
    '0BSD',
    'Unlicense',
  ]);
  const licences = text('pan-tag-operator.licences.txt');
  for (const { name, licenses } of components) {
    assert.ok(licences.includes(`\n${name} `), `${name} is not in licences.txt`);
    const [license] = licenses;
    assert.ok(license !== undefined && permissive.has(license.expression), `${name}: ${license?.expression}`);
  }
});
