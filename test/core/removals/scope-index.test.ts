// Index of addresses by scope: lookups equal a full search, whatever was put before.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ScopeIndex } from '../../../src/core/removals/scope-index.ts';

test('law: it finds exactly the addresses that were last put with this scope', () => {
  const put = fc.record({
    address: fc.constantFrom('10.0.0.1', '10.0.0.2', 'fd00::1'),
    scopes: fc.subarray(['', 'shop', 'bank']),
  });
  fc.assert(
    fc.property(fc.array(put, { maxLength: 30 }), (story) => {
      const index = new ScopeIndex();
      const model = new Map<string, readonly string[]>();
      for (const { address, scopes } of story) {
        index.put(address, new Set(scopes));
        model.set(address, scopes);
        for (const scope of ['', 'shop', 'bank']) {
          const expected = [...model].filter(([, of]) => of.includes(scope)).map(([at]) => at);
          assert.deepEqual(index.in(scope).toSorted(), expected.toSorted());
        }
      }
      index.clear();
      for (const scope of ['', 'shop', 'bank']) assert.deepEqual(index.in(scope), []);
    }),
  );
});
