// A read bench of a tiny size: every subject reads everything, and the figures are printed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read } from './read.ts';

test('a tiny table is read whole by every subject, and ratios and stalls are told', async () => {
  const lines: string[] = [];
  const valid = await read.run({
    args: ['--entries', '1100', '--rounds', '1', '--reads', '1'],
    progress: () => {},
    print: (line) => void lines.push(line),
    signal: AbortSignal.timeout(120_000),
  });
  assert.equal(valid, true, lines.join('\n'));
  const text = lines.join('\n');
  assert.match(text, /operator to bare transfer: \d+\.\d+ of minima/);
  assert.match(text, /own reader alone \d+\.\d+/);
  assert.match(text, /stall while reading, above an idle process's own: -?\d+ ms/);
});
