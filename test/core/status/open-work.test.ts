// Open work: the policy that a refusal belongs to, and the others that wait for the same address.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusals } from '../../../src/core/message/refusals.ts';
import { openWork } from '../../../src/core/status/open-work.ts';

const given: Readonly<Record<string, string>> = { '/admin': 'k8s.granted', 'shop/web': 'k8s.ns_shop.bad' };
const desired = {
  *policiesBehind(_: string, address: string) {
    if (address === '10.0.0.1') yield* Object.keys(given);
  },
  *tagsBehind(_: string, address: string) {
    if (address !== '10.0.0.1') return;
    for (const [policy, own] of Object.entries(given)) yield [policy, [own]] as const;
  },
};

const unlimited = {
  limitedPolicies: () => [],
  limitedOf: () => [],
  sharesOf: () => [],
  isOut: () => false,
};

function workAfter(tag: string | undefined, pending: readonly string[] = []) {
  const refusals = new Refusals();
  const refusedPair = { section: 'register' as const, address: '10.0.0.1', message: 'tag is invalid' };
  const sent = { register: Object.values(given).sort(), unregister: [] };
  refusals.answered('10.0.0.1', sent, [tag === undefined ? refusedPair : { ...refusedPair, tag }], 0);
  const tables = [{ refusals, pendingAddresses: () => pending }];
  const open = [...openWork(desired, { name: 'edge', tables, limits: unlimited })];
  return {
    failed: Object.fromEntries(
      open
        .filter(([, work]) => work.failed.length > 0)
        .map(([policy, { failed }]) => [`${policy} edge`, failed]),
    ),
    waiting: Object.fromEntries(
      open.filter(([, work]) => work.pending > 0).map(([policy, work]) => [`${policy} edge`, work.pending]),
    ),
  };
}

test('a refusal counts against the policies that give the refused tag, and no others', () => {
  const { failed, waiting } = workAfter('k8s.ns_shop.bad');
  const told = { address: '10.0.0.1', tag: 'k8s.ns_shop.bad', message: 'tag is invalid' };
  assert.deepEqual(failed, { 'shop/web edge': [told] });
  assert.deepEqual(waiting, {});
});

test('who gives another tag of the address still waits for it', () => {
  assert.deepEqual(workAfter('k8s.ns_shop.bad', ['10.0.0.1']).waiting, { '/admin edge': 1 });
});

test('an address that is refused as a whole is everybody’s', () => {
  assert.deepEqual(Object.keys(workAfter(undefined).failed).sort(), ['/admin edge', 'shop/web edge']);
});

test('a tag that nobody gives any more, and that the device keeps, is nobody’s failure', () => {
  assert.deepEqual(workAfter('k8s.ns_shop.gone').failed, {});
});

test('of many pairs that are refused at an address the first speaks for a policy, and each policy is looked at once', () => {
  const tags = Array.from({ length: 32 }, (_, i) => `k8s.ns_shop.t-${String(i).padStart(2, '0')}`);
  const addresses = Array.from({ length: 100 }, (_, i) => `10.0.0.${i + 1}`);
  const refusals = new Refusals();
  for (const address of addresses) {
    const rejected = tags
      .slice(1)
      .map((tag) => ({ section: 'register' as const, address, tag, message: tag }));
    refusals.answered(address, { register: tags, unregister: [] }, rejected, 0);
  }
  let looks = 0;
  const counting = {
    policiesBehind: () => {
      looks += 1;
      return [];
    },
    *tagsBehind(): Iterable<readonly [string, readonly string[]]> {
      for (const policy of ['shop/web', 'shop/other']) {
        looks += 1;
        yield [policy, policy === 'shop/web' ? tags : ['k8s.ns_shop.x']];
      }
    },
  };
  const tables = [{ refusals, pendingAddresses: () => [] }];
  const open = openWork(counting, { name: 'edge', tables, limits: unlimited });
  assert.deepEqual([...open.keys()], ['shop/web']);
  assert.deepEqual(
    open.get('shop/web')?.failed.map(({ tag }) => tag),
    addresses.map(() => tags[1]),
  );
  assert.equal(looks, 2 * addresses.length);
});
