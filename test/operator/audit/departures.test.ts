// The ledger of departures forgets the oldest, also where one address has them all.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Departures } from '../../../src/operator/audit/departures.ts';

const tagOf = (i: number) => `k8s.build_${i}`;

test('an address whose tags change all the time does not fill the memory', () => {
  const departures = new Departures();
  const changes = 220_000;
  for (let i = 0; i < changes; i++) {
    const [before, after] = [[tagOf(i)], [tagOf(i + 1)]];
    departures.note('edge', { address: '10.0.0.1', before, after, cause: 'relabelled' }, undefined);
  }
  assert.equal(departures.of('edge', '10.0.0.1', tagOf(0)), undefined);
  assert.notEqual(departures.of('edge', '10.0.0.1', tagOf(changes - 1)), undefined);
});
