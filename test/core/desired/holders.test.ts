// Holder of an address: the contract's order, that there is one, and that it does not depend on the order of arrival.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Holders, outranks } from '../../../src/core/desired/holders.ts';
import type { Claimant } from '../../../src/core/model/claimant.ts';

const base: Claimant = {
  uid: 'u1',
  namespace: 'shop',
  name: 'web',
  kind: 'Pod',
  fields: { node: 'n1', serviceAccount: 'default' },
  labels: new Map(),
  addresses: ['10.0.0.1'],
  ineligible: undefined,
  terminating: false,
  since: 100,
};

const pods = fc.uniqueArray(
  fc
    .record({
      number: fc.integer({ min: 0, max: 30 }),
      terminating: fc.boolean(),
      since: fc.integer({ min: 0, max: 3 }),
      ineligible: fc.oneof(
        { weight: 5, arbitrary: fc.constant(undefined) },
        fc.constant('HostNetwork' as const),
      ),
      addresses: fc.subarray(['10.0.0.1', '10.0.0.2']),
    })
    .map(({ number, ...rest }): Claimant => ({ ...base, ...rest, uid: `u${number}` })),
  { selector: ({ uid }) => uid, minLength: 1, maxLength: 6 },
);

test('the Pod whose network came up last holds the address', () => {
  const older = { ...base, uid: 'u9', since: 99 };
  assert.equal(outranks(base, older), true);
  assert.equal(outranks(older, base), false);
});

test('a terminating Pod comes after every other, whenever its network came up', () => {
  const terminating = { ...base, uid: 'u9', since: 200, terminating: true };
  assert.equal(outranks(base, terminating), true);
  assert.equal(outranks(terminating, base), false);
});

test('between equals the greater uid decides, so that every replica decides alike', () => {
  const twin = { ...base, uid: 'u2' };
  assert.equal(outranks(twin, base), true);
  assert.equal(outranks(base, twin), false);
});

test('of two terminating Pods, too, the one whose network came up last, and then the greater uid', () => {
  const leaving = { ...base, terminating: true };
  const older = { ...leaving, uid: 'u9', since: 99 };
  assert.equal(outranks(leaving, older), true);
  assert.equal(outranks(older, leaving), false);
  assert.equal(outranks({ ...leaving, uid: 'u2' }, leaving), true);
});

test('law: rank reads terminating first, then when the network came up, then uid, and nothing else', () => {
  const rank = ({ terminating, since, uid }: Claimant) =>
    [terminating ? '0' : '1', String(since).padStart(9, '0'), uid].join(' ');
  const other = fc.record({
    namespace: fc.constantFrom('a', 'z'),
    name: fc.constantFrom('a', 'z'),
    node: fc.constantFrom('', 'n1'),
    labels: fc.constantFrom(new Map(), new Map([['app', 'web']])),
  });
  fc.assert(
    fc.property(pods, fc.array(other, { minLength: 6, maxLength: 6 }), (some, rest) => {
      const all = some.map((pod, i) => ({ ...pod, ...rest[i] }));
      for (const a of all) for (const b of all) assert.equal(outranks(a, b), rank(a) > rank(b));
    }),
  );
});

test('rank is a strict total order', () => {
  fc.assert(
    fc.property(pods, (some) => {
      for (const a of some) {
        assert.equal(outranks(a, a), false);
        for (const b of some) {
          if (a !== b) assert.notEqual(outranks(a, b), outranks(b, a));
          for (const c of some) assert.ok(!(outranks(a, b) && outranks(b, c)) || outranks(a, c));
        }
      }
    }),
  );
});

test('the holder is the first in rank of those who claim the address, in whatever order they came and went', () => {
  const story = pods.chain((some) =>
    fc.record({ claims: fc.constant(some), leavers: fc.subarray(some), again: fc.shuffledSubarray(some) }),
  );
  fc.assert(
    fc.property(story, ({ claims, leavers, again }) => {
      const holders = new Holders();
      for (const pod of claims) holders.claim(pod);
      for (const pod of leavers) holders.release(pod);
      for (const pod of again.filter((pod) => leavers.includes(pod))) holders.claim(pod);
      const present = claims.filter((pod) => !leavers.includes(pod) || again.includes(pod));
      for (const address of ['10.0.0.1', '10.0.0.2']) {
        const claiming = present.filter(
          (pod) => pod.ineligible === undefined && pod.addresses.includes(address),
        );
        const first = claiming.find((pod) =>
          claiming.every((other) => other === pod || outranks(pod, other)),
        );
        assert.equal(holders.holder(address), first);
        assert.deepEqual(new Set(holders.claimants(address)), new Set(claiming));
      }
    }),
  );
});

test('Pods on the network of the host claim nothing', () => {
  const holders = new Holders();
  holders.claim({ ...base, ineligible: 'HostNetwork' });
  assert.equal(holders.holder('10.0.0.1'), undefined);
  holders.claim(base);
  holders.release({ ...base, ineligible: 'HostNetwork' });
  assert.equal(holders.holder('10.0.0.1'), base);
});
