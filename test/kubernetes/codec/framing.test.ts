// Framing: however a stream is cut into chunks, the same messages come out of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  createFrameSplitter,
  createLineSplitter,
  type Splitter,
} from '../../../src/kubernetes/codec/framing.ts';
import { DecodeError } from '../../../src/kubernetes/errors/kube-errors.ts';

const cuts = fc.array(fc.nat(400), { maxLength: 30 });

/** Feeds bytes in pieces of the given sizes and returns the messages as text. */
function split(splitter: Splitter, bytes: Buffer, sizes: readonly number[]): string[] {
  const messages: string[] = [];
  let offset = 0;
  const feed = (size: number) => {
    // A copy: what a chunk held must not matter once it was pushed.
    const chunk = Buffer.from(bytes.subarray(offset, offset + size));
    splitter.push(chunk, (source, start, end) => messages.push(source.toString('latin1', start, end)));
    chunk.fill(0xff);
    offset += size;
  };
  for (const size of sizes) feed(size);
  if (offset < bytes.length) feed(bytes.length - offset);
  return messages;
}

const messages = fc.array(fc.string({ maxLength: 300 }), { maxLength: 8 });

test('frames come out whole, however the chunks fall', () => {
  fc.assert(
    fc.property(messages, cuts, (texts, sizes) => {
      const contents = texts.map((text) => Buffer.from(text));
      const frames = contents.map((content) => {
        const frame = Buffer.alloc(4 + content.length);
        frame.writeUInt32BE(content.length);
        content.copy(frame, 4);
        return frame;
      });
      const splitter = createFrameSplitter();
      const expected = contents.map((content) => content.toString('latin1'));
      assert.deepEqual(split(splitter, Buffer.concat(frames), sizes), expected);
      assert.equal(splitter.partial(), false);
    }),
    { numRuns: 1000 },
  );
});

test('lines come out whole, however the chunks fall', () => {
  fc.assert(
    fc.property(messages, cuts, (texts, sizes) => {
      const lines = texts.map((text) => text.replaceAll('\n', ' '));
      const splitter = createLineSplitter();
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      const expected = lines
        .filter((line) => line !== '')
        .map((line) => Buffer.from(line).toString('latin1'));
      assert.deepEqual(split(splitter, bytes, sizes), expected);
      assert.equal(splitter.partial(), false);
    }),
    { numRuns: 1000 },
  );
});

test('a stream that stops within a message is known to be cut', () => {
  const frame = Buffer.from([0, 0, 0, 3, 1, 2, 3]);
  for (let end = 1; end < frame.length; end += 1) {
    const splitter = createFrameSplitter();
    splitter.push(frame.subarray(0, end), () => assert.fail('no message is complete'));
    assert.equal(splitter.partial(), true, `cut at ${end}`);
  }
  const lines = createLineSplitter();
  lines.push(Buffer.from('{"type":'), () => assert.fail('no line is complete'));
  assert.equal(lines.partial(), true);
});

test('a frame that claims to be enormous is refused before any memory is taken for it', () => {
  assert.throws(
    () => createFrameSplitter().push(Buffer.from([0xff, 0xff, 0xff, 0xff]), () => undefined),
    DecodeError,
  );
});

test('a line without an end is refused at the limit', () => {
  const splitter = createLineSplitter();
  const chunk = Buffer.alloc(8 * 1024 * 1024, 'a');
  assert.throws(() => {
    for (let i = 0; i < 9; i += 1) splitter.push(chunk, () => undefined);
  }, DecodeError);
});

test('a large message in small chunks is copied in proportion to its size', (t) => {
  const { copy } = Buffer.prototype;
  let copied = 0;
  t.mock.method(Buffer.prototype, 'copy', function (this: Buffer, ...args: Parameters<Buffer['copy']>) {
    const bytes = copy.apply(this, args);
    copied += bytes;
    return bytes;
  });
  for (const megabytes of [4, 32]) {
    const splitter = createFrameSplitter();
    const header = Buffer.alloc(4);
    header.writeUInt32BE(megabytes * 1024 * 1024);
    const chunk = Buffer.alloc(1024);
    copied = 0;
    splitter.push(header, () => undefined);
    for (let i = 0; i < megabytes * 1024; i += 1) splitter.push(chunk, () => undefined);
    assert.equal(splitter.partial(), false);
    // Each byte once, and what the doublings of the buffer copy: less than twice as much again.
    assert.ok(copied <= 3.5 * megabytes * 1024 * 1024, `${copied} bytes copied of ${megabytes} MB`);
  }
});
