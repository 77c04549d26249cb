// Lines to a reader that may be slow: in order, in pieces, bounded, with a line where some are missing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LineSink } from '../../src/runtime/line-sink.ts';

/** A reader that takes a piece each time that it is let. */
function openSink(mostBytes = 1_000) {
  const pieces: string[] = [];
  const waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
  let lost = 0;
  const sink = new LineSink({
    mostBytes,
    lost: (lines) => {
      lost += lines;
    },
    gap: (lines) => `gap of ${lines}`,
    write: (text) => {
      pieces.push(text);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      waiting.push({ resolve, reject });
      return promise;
    },
  });
  const read = async (error?: Error): Promise<void> => {
    const next = waiting.shift();
    if (error === undefined) next?.resolve();
    else next?.reject(error);
    await nextTurn();
  };
  return { sink, pieces, read, lost: () => lost, lines: () => pieces.join('').split('\n').slice(0, -1) };
}

test('lines come in order, together in pieces that a pipe takes whole', async () => {
  const { sink, pieces, read, lines } = openSink(100_000);
  const pushed = Array.from({ length: 200 }, (_, i) => `${i} ${'x'.repeat(90)}`);
  for (const line of pushed) sink.push(line);
  while (lines().length < 200) await read();
  assert.deepEqual(lines(), pushed);
  assert.ok(pieces.length < 10, `${pieces.length} pieces`);
  for (const piece of pieces) assert.ok(Buffer.byteLength(piece) <= 4096);
});

test('what a reader that stands still leaves is bounded; the lines that follow begin with how many are missing', async () => {
  const { sink, read, lost, lines } = openSink(100);
  for (let i = 0; i < 50; i += 1) sink.push(`line ${i}`);
  assert.equal(lost(), 37);
  await read();
  await read();
  sink.push('again');
  await read();
  assert.deepEqual(lines().slice(-3), ['line 12', 'gap of 37', 'again']);
  assert.equal(lines().length, 15);
});

test('a write that fails loses its lines and says so, and the next ones go on', async () => {
  const { sink, read, lost, lines } = openSink();
  sink.push('first');
  await read(new Error('EPIPE'));
  sink.push('second');
  await read();
  assert.equal(lost(), 1);
  assert.deepEqual(lines(), ['first', 'gap of 1', 'second']);
});

test('the end waits for what is written, and no longer than it may', async () => {
  const prompt = openSink();
  prompt.sink.push('last');
  const closed = prompt.sink.close(10_000);
  await prompt.read();
  await closed;
  assert.deepEqual([prompt.lines(), prompt.lost()], [['last'], 0]);

  const stuck = openSink();
  stuck.sink.push('on its way');
  stuck.sink.push('waits');
  await stuck.sink.close(20);
  assert.equal(stuck.lost(), 1);
});
