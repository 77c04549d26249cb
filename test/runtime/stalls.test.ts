// Stalls of the event loop are counted by the second, whoever reads them and however often.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createMetrics } from '../../src/runtime/metrics.ts';
import { observeStalls } from '../../src/runtime/stalls.ts';
import { longestOf, stallBuckets } from '../scenarios/probes.ts';

function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

test('a stall is told to everybody who reads, until the process ends', async () => {
  const metrics = createMetrics({ version: '0', revision: '0' });
  observeStalls(metrics);
  await sleep(300);
  block(300);
  await sleep(1_500);
  for (const reader of ['first', 'second']) {
    const longest = longestOf(stallBuckets(await metrics.text()));
    assert.ok(longest >= 0.5, `${reader}: ${longest}`);
  }
});
