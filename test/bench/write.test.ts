// A write bench of a tiny size: all changes arrive, and the ratio to the firewall's speed is told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { write } from './write.ts';

test('a few changes arrive in every phase, and their ratio to the firewall’s speed is told', async () => {
  const lines: string[] = [];
  const valid = await write.run({
    args: ['--changes', '60'],
    progress: () => {},
    print: (line) => void lines.push(line),
    signal: AbortSignal.timeout(180_000),
  });
  const text = lines.join('\n');
  assert.equal(valid, true, text);
  for (const phase of ['register', 'replace', 'unregister']) {
    assert.match(text, new RegExp(`write: ${phase} +60 +\\d+ +\\d+\\.\\d\\d +\\d+\\.\\d\\d`));
  }
});
