// Counts of what limits leave out, by policy: equal to those of a full look, and examples are the smallest.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { largestOfEach, type Limited, LimitTally } from '../../../src/core/limits/limit-tally.ts';
import type { Claimant } from '../../../src/core/model/claimant.ts';

const pod = (name: string): Claimant => ({
  uid: `uid-${name}`,
  namespace: 'shop',
  name,
  kind: 'Pod',
  fields: { node: '', serviceAccount: '' },
  labels: new Map(),
  addresses: [],
  ineligible: undefined,
  terminating: false,
  since: 0,
});

const policies = ['shop/a', '/b'];
const limited: fc.Arbitrary<Limited | undefined> = fc.option(
  fc.record({
    reason: fc.constantFrom('Capacity' as const, 'TagLimit' as const),
    pod: fc.constantFrom('p', 'q', 'r').map(pod),
    policies: fc.subarray(policies),
  }),
  { nil: undefined },
);
const changes = fc.array(fc.tuple(fc.constantFrom(...'abcdef'.split('')), limited), { maxLength: 40 });

test('law: shares and examples are those of a look at everything that is out', () => {
  fc.assert(
    fc.property(changes, (all) => {
      const tally = new LimitTally();
      const now = new Map<string, Limited>();
      for (const [address, what] of all) {
        tally.put(address, what);
        if (what === undefined) now.delete(address);
        else now.set(address, what);
        for (const policy of policies) {
          const expected = (['Capacity', 'TagLimit'] as const).flatMap((reason) => {
            const out = [...now].filter(([, one]) => one.reason === reason && one.policies.includes(policy));
            const pods = [...new Set(out.map(([, one]) => one.pod.name))].sort();
            const name = policy.startsWith('/') ? `shop/${pods[0]}` : (pods[0] ?? '');
            const examples = out.map(([at]) => at).sort();
            if (out.length === 0) return [];
            return [
              {
                reason,
                addresses: out.length,
                pods: pods.length,
                examples: examples.slice(0, 3),
                example: name,
              },
            ];
          });
          assert.deepEqual(tally.sharesOf(policy), expected);
          for (const at of 'abcdef')
            assert.equal(tally.has(policy, at), now.get(at)?.policies.includes(policy) === true);
        }
        for (const at of 'abcdef') assert.equal(tally.knows(at), now.has(at));
        for (const reason of ['Capacity', 'TagLimit'] as const) {
          const [smallest] = [...now]
            .filter(([, one]) => one.reason === reason)
            .map(([at]) => at)
            .sort();
          assert.equal(tally.example(reason), smallest);
        }
      }
    }),
  );
});

test('of several devices the one counts where most is out, each reason for itself', () => {
  const share = (reason: 'Capacity' | 'TagLimit', addresses: number) => ({
    reason,
    addresses,
    pods: addresses,
    examples: [],
    example: '',
  });
  const [few, many, tags] = [share('Capacity', 1), share('Capacity', 2), share('TagLimit', 1)];
  assert.deepEqual(largestOfEach([few, tags, many]), [many, tags]);
  assert.deepEqual(largestOfEach([]), []);
});
