// The demo's lines on an output stream: colours on a terminal alone, and frames that neither wrap nor scroll.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { WriteStream } from 'node:tty';
import { PassThrough } from 'node:stream';
import { plain, type Line } from '../../demo/frame.ts';
import { redrawn, rendered } from '../../demo/terminal.ts';

const lines: readonly Line[] = [[{ text: 'web', style: 'came' }], plain('x'.repeat(100))];

type Size = { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };

/** A stream that says of itself what a terminal says, or one that is none. */
function stream(size: Size): NodeJS.WriteStream {
  const made: object = size.isTTY ? Object.create(WriteStream.prototype) : new PassThrough();
  return Object.assign(made, size) as NodeJS.WriteStream;
}

const terminal = { TERM: 'xterm-256color' };
const colourVariables = ['NO_COLOR', 'NODE_DISABLE_COLORS', 'FORCE_COLOR', 'TERM', 'CI'];

/** What `look` finds while the environment says no more of colours than this. */
function within<T>(environment: Readonly<Record<string, string>>, look: () => T): T {
  const kept = { ...process.env };
  for (const name of colourVariables) delete process.env[name];
  Object.assign(process.env, environment);
  try {
    return look();
  } finally {
    for (const name of Object.keys(environment)) delete process.env[name];
    Object.assign(process.env, kept);
  }
}

test('colours are for a terminal', () => {
  const shown = (size: Size) => within(terminal, () => rendered(lines, stream(size)));
  assert.ok(shown({ isTTY: true, columns: 80 }).startsWith('\x1b[32mweb\x1b[39m\n'));
  assert.ok(shown({}).startsWith('web\n'));
});

test('NO_COLOR is respected', () => {
  const shown = within({ ...terminal, NO_COLOR: '1' }, () =>
    rendered(lines, stream({ isTTY: true, columns: 80 })),
  );
  assert.match(shown, /^web\n/);
});

test('a frame is neither wider than the terminal nor as high, so that its top stays', () => {
  const many = Array.from({ length: 40 }, (_, i) => plain(`${i} ${'x'.repeat(100)}`));
  const shown = redrawn(many, stream({ isTTY: true, columns: 70, rows: 18 })).split('\n');
  assert.equal(shown.length, 18);
  assert.ok(shown[0]?.startsWith('\x1b[H0 xxx') && shown[0].endsWith('…\x1b[K'), shown[0]);
  assert.equal(shown.at(-1), '\x1b[J');
  for (const line of shown) assert.ok(stripVTControlCharacters(line).length <= 70, line);
});

test('a terminal that does not say how large it is has 24 lines of 80 characters', () => {
  const many = Array.from({ length: 40 }, () => plain('x'.repeat(100)));
  const shown = redrawn(many, stream({ isTTY: true, columns: 0, rows: 0 })).split('\n');
  assert.equal(shown.length, 24);
  assert.equal(stripVTControlCharacters(shown[1] ?? ''), `${'x'.repeat(79)}…`);
});

test('what is printed once is not cut', () => {
  assert.match(rendered(lines, stream({ isTTY: true, columns: 80 })), /x{100}\n$/);
});
