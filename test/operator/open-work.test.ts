// Whose failure a refusal is, and who still waits for the same address.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusals } from '../../src/core/refusals.ts';
import { openWork } from '../../src/operator/open-work.ts';

const given: Readonly<Record<string, string>> = { '/admin': 'k8s.granted', 'shop/web': 'k8s.ns_shop.bad' };
const desired = {
  *policiesBehind(_: string, address: string, tags?: ReadonlySet<string>) {
    if (address !== '10.0.0.1') return;
    for (const [policy, own] of Object.entries(given)) if (tags?.has(own) !== false) yield policy;
  },
};

function workAfter(tag: string | undefined, pending: readonly string[] = []) {
  const refusals = new Refusals();
  const rejection = { section: 'register' as const, address: '10.0.0.1', message: 'tag is invalid' };
  const sent = { register: Object.values(given).sort(), unregister: [] };
  refusals.answered('10.0.0.1', sent, [tag === undefined ? rejection : { ...rejection, tag }], 0);
  const tables = [{ refusals, pendingAddresses: () => pending }];
  const { failed, pending: waiting } = openWork(desired, [{ name: 'edge', tables, isOut: () => false }]);
  return { failed: Object.fromEntries(failed), waiting: Object.fromEntries(waiting) };
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
