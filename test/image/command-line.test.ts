// npm run image as a person meets it: help, wrong arguments, no network, and an end in the middle.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { noDebian } from './built-images.ts';

const skip = await noDebian();
const program = join(import.meta.dirname, '../../scripts/image/main.ts');
const directory = await mkdtemp(join(tmpdir(), 'pantag-image-'));
after(() => rm(directory, { recursive: true, force: true }));
const output = join(directory, 'output');

type Ended = { readonly code: number | null; readonly text: string };

/** @param onText may end it, once it has printed something */
async function image(
  args: readonly string[],
  env = {},
  onText?: (text: string, end: () => void) => void,
): Promise<Ended> {
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...process.env, TMPDIR: directory, ...env },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      // Once: a second signal ends a program at once.
      onText?.(text, () => child.killed || child.kill('SIGINT'));
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, text };
}

test('--help says what it does and what it needs', async () => {
  const { code, text } = await image(['--help']);
  assert.equal(code, 0);
  for (const word of ['--platform', '--output', '--renew', 'linux/amd64 or linux/arm64', 'docs/images.md'])
    assert.ok(text.includes(word), word);
});

test('what is no platform or no option is one line and an exit code', async () => {
  for (const [args, error] of [
    [['--platform', 'linux/s390x'], /^image: no such platform: linux\/s390x; npm run image -- --help\n$/],
    [['--push'], /^image: Unknown option '--push'/],
  ] as const) {
    const { code, text } = await image(args);
    assert.equal(code, 1);
    assert.match(text, error);
  }
});

test('without the network and a cache it names what it cannot reach, and leaves nothing behind', {
  skip,
}, async () => {
  const nowhere = { XDG_CACHE_HOME: join(directory, 'cache'), PANTAG_DEBIAN_MIRROR: 'http://127.0.0.1:1' };
  const { code, text } = await image(['--platform', 'linux/amd64', '--output', output], nowhere);
  assert.equal(code, 1);
  assert.match(
    text,
    /^image: apt-get .*; is http:\/\/127\.0\.0\.1:1 reached from here\? PANTAG_DEBIAN_MIRROR names another one/m,
  );
  assert.deepEqual(await leftOver(), []);
});

test('SIGINT ends it in the middle, with nothing half made', { skip }, async () => {
  const { code, text } = await image(['--platform', 'linux/amd64', '--output', output], {}, (so, end) => {
    if (/composing.*\n$/.test(so)) end();
  });
  assert.equal(code, 130, text);
  assert.match(text, /^image: SIGINT$/m);
  assert.deepEqual(await leftOver(), []);
});

/** Of files that are not whole, and of folders for packages. */
async function leftOver(): Promise<readonly string[]> {
  const found = [...(await readdir(directory)), ...(await readdir(output))];
  return found.filter((name) => /\.\d+$|^pantag-/.test(name));
}
