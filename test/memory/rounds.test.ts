// Law: nobody's text fills the memory. Whatever a tenant writes or a device answers, as often as may be, the heap levels off.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const program = join(import.meta.dirname, 'rounds.ts');
/** Of the chart's 313 MB: none of these memories may come near it. */
const heapMb = 160;
/** What full generations and the collector's own ways account for. */
const slackBytes = 12 * 1024 * 1024;
/** What levels off must do so early: 200 policies with their annotations would stay at 65 MB. */
const mostBytes = 40 * 1024 * 1024;

const memories = [
  'relabelledPod',
  'sharedSets',
  'rawObjects',
  'causes',
  // What is kept of devices' replies.
  'refusalWords',
  'deviceNames',
  'pages',
  'guiltyTags',
  'tagLimits',
  'room',
  'contradictions',
  'logins',
  // What is kept of objects and told of them.
  'policyAnnotations',
  'strangeAnnotations',
  'events',
  'echoes',
  'comingPolicies',
];

/** What takes little a round would take weeks to show: of these the heap stands still. */
const still = new Map(memories.slice(4).map((memory) => [memory, 1024 * 1024]));

for (const memory of memories) {
  test(`law: after 10,000 rounds of ${memory} the heap is where it was after 5,000`, async (t) => {
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, [
      '--expose-gc',
      `--max-old-space-size=${heapMb}`,
      program,
      memory,
    ]);
    const { half, end } = JSON.parse(stdout) as { half: number; end: number };
    t.diagnostic(`${memory}: ${Math.round(half / 1e6)} MB half-way, ${Math.round(end / 1e6)} MB at the end`);
    assert.ok(end - half < (still.get(memory) ?? slackBytes), `${half} then ${end}`);
    assert.ok(end < mostBytes, `${end}`);
  });
}
