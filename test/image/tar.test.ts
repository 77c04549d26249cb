// The tar writer and reader: the same bytes each time, nothing outside the root, and nothing damaged is taken.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import * as fc from 'fast-check';
import type { TarEntry } from '../../scripts/image/tar/tar-entry.ts';
import { readTar } from '../../scripts/image/tar/tar-reader.ts';
import { tarOf, withFolders } from '../../scripts/image/tar/tar-writer.ts';

const base = { mode: 0o644, owner: 0, mtime: 1_700_000_000 };
const file = (path: string, text = ''): TarEntry => ({
  ...base,
  path,
  kind: 'file',
  content: [Buffer.from(text)],
});
const link = (path: string, target: string): TarEntry => ({
  ...base,
  path,
  mode: 0o777,
  kind: 'link',
  target,
});
const folder = (path: string, mode = 0o755): TarEntry => ({ ...base, path, mode, kind: 'folder' });
const tar = (entries: readonly TarEntry[]) => Buffer.concat([...tarOf(entries)]);
const flat = (entry: TarEntry) =>
  entry.kind === 'file' ? { ...entry, content: Buffer.concat(entry.content) } : entry;

test('law: what is written is read back, in any pieces', () => {
  const number = fc.nat({ max: 0o7777777 });
  const entry = fc.oneof(
    fc.record({
      content: fc.array(fc.uint8Array({ maxLength: 1500 }), { maxLength: 3 }),
      kind: fc.constant('file' as const),
    }),
    fc.record({
      target: fc.string({ minLength: 1, maxLength: 90, unit: 'grapheme-ascii' }),
      kind: fc.constant('link' as const),
    }),
    fc.record({ kind: fc.constant('folder' as const) }),
  );
  const named = fc.tuple(entry, fc.stringMatching(/^[\w.-]{2,20}(\/[\w-]{1,20}){0,3}$/), number, number);
  fc.assert(
    fc.property(fc.uniqueArray(named, { selector: ([, path]) => path, maxLength: 8 }), (rows) => {
      const entries = rows
        .filter(([, path]) => !path.split('/').includes('..'))
        .map(([one, path, owner, mtime]): TarEntry => ({ ...one, path, owner, mtime, mode: 0o640 }));
      assert.deepEqual(readTar(tar(entries)).map(flat), entries.map(flat));
    }),
  );
});

test('tar itself reads it: modes, owners, times, links', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pantag-tar-'));
  try {
    const entries = withFolders([
      { ...file('home/user/a file', 'text'), owner: 65532, mode: 0o400 },
      link('lib', 'usr/lib'),
      folder('tmp', 0o1777),
    ]);
    await writeFile(join(directory, 'a.tar'), tar(entries));
    const args = ['--list', '--verbose', '--numeric-owner', '--utc', '--file', join(directory, 'a.tar')];
    const { stdout } = await promisify(execFile)('tar', args, { env: { ...process.env, LC_ALL: 'C' } });
    assert.deepEqual(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.replaceAll(/\s+/g, ' ')),
      [
        'drwxr-xr-x 0/0 0 2023-11-14 22:13 home/',
        'drwxr-xr-x 0/0 0 2023-11-14 22:13 home/user/',
        '-r-------- 65532/65532 4 2023-11-14 22:13 home/user/a file',
        'lrwxrwxrwx 0/0 0 2023-11-14 22:13 lib -> usr/lib',
        'drwxrwxrwt 0/0 0 2023-11-14 22:13 tmp/',
      ],
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test('folders come before what is in them, and keep what was said of them', () => {
  const entries = withFolders([file('b/c/d'), folder('b', 0o700), file('a')]);
  assert.deepEqual(
    entries.map(({ path, mode }) => `${path} ${mode.toString(8)}`),
    ['a 644', 'b 700', 'b/c 755', 'b/c/d 644'],
  );
  assert.throws(
    () => withFolders([link('lib', 'usr/lib'), file('lib/libc.so')]),
    /lib\/libc\.so lies below lib, which is a link/,
  );
});

for (const [what, entries, error] of [
  ['above the root', [file('../etc/passwd')], /not a path below the root/],
  ['from the root', [file('/etc/passwd')], /not a path below the root/],
  ['of nothing', [file('')], /not a path below the root/],
  ['that is there already', [file('a'), folder('a')], /twice in one archive: a/],
  ['longer than a header holds', [file('a'.repeat(101))], /path is longer than ustar holds/],
  [
    'to a target longer than a header holds',
    [link('a', 'b'.repeat(101))],
    /target is longer than ustar holds: a/,
  ],
  ['from before 1970', [{ ...file('a'), mtime: -1 }], /mtime is -1: a/],
  ['of no time', [{ ...file('a'), mtime: Number.NaN }], /mtime is NaN: a/],
] as const) {
  test(`an entry ${what} is refused`, () => {
    assert.throws(() => tar(entries), error);
  });
}

test('law: a damaged archive is an error or has other content, and never runs on', () => {
  const whole = tar([file('a', 'x'.repeat(600)), link('b', 'a'), folder('c')]);
  fc.assert(
    fc.property(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 }), (at, byte) => {
      const damaged = Buffer.from(whole);
      damaged[at] = byte;
      try {
        assert.ok(readTar(damaged).length <= 3);
      } catch (error) {
        assert.ok(error instanceof Error);
      }
    }),
  );
});

test('an archive that is cut off is refused wherever it was cut', () => {
  const whole = tar([file('a', 'x'.repeat(600))]);
  for (const end of [0, 100, 512, 700, 1200, 1536]) {
    assert.throws(() => readTar(whole.subarray(0, end)), /the archive ends/, `${end} bytes`);
  }
});

test('what no package here has is not read: devices, hard links, groups of their own', () => {
  const change = (at: number, text: string): Buffer => {
    const archive = tar([file('a', 'x')]);
    archive.write(text, at, 'latin1');
    const sum = archive
      .subarray(0, 512)
      .reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte), 0);
    archive.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    return archive;
  };
  assert.throws(() => readTar(change(156, '1')), /a member of type "1" is not read: a/);
  assert.throws(() => readTar(change(156, '3')), /a member of type "3" is not read: a/);
  assert.throws(() => readTar(change(116, '0000005\0')), /another group than its user's: a/);
  assert.throws(() => readTar(change(124, '9999')), /size is no octal number/);
});
