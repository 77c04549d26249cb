// Bodies chunk by chunk: a visitor that takes long keeps nobody else waiting.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { readChunks } from '../../../src/kubernetes/client/http-body.ts';

/** All chunks are there at once, as behind a visitor that was slow. */
function waiting(chunks: number): Readable {
  const body = new Readable({ read: () => undefined });
  for (let i = 0; i < chunks; i += 1) body.push(Buffer.from([i]));
  body.push(null);
  return body;
}

function busy(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

test('between chunks that take long, timers and other work have their turn', async () => {
  const seen: number[] = [];
  let seenByTimer: number | undefined;
  setTimeout(() => (seenByTimer = seen.length), 0);
  await readChunks(
    waiting(20),
    (chunk) => {
      busy(15);
      seen.push(chunk[0] ?? -1);
    },
    (error) => error,
  );
  assert.deepEqual(
    seen,
    Array.from({ length: 20 }, (_, i) => i),
  );
  assert.ok(seenByTimer !== undefined && seenByTimer < 10, `the timer came after ${seenByTimer} chunks`);
});

test('chunks that take no time are read in one go', async () => {
  let turns = 0;
  const count = () => {
    turns += 1;
    next = setImmediate(count);
  };
  let next = setImmediate(count);
  let turnsAtEnd = 0;
  await readChunks(
    waiting(1000),
    () => {
      turnsAtEnd = turns;
    },
    (error) => error,
  );
  clearImmediate(next);
  assert.ok(turnsAtEnd < 100, `${turnsAtEnd} turns`);
});
