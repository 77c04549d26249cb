// The gate: what must be known before a tag is removed because something is absent.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type Knowledge, removalGate } from '../../../src/core/removals/removal-gate.ts';
import { scopeOf } from '../../../src/core/model/policy-scope.ts';

const everything: Knowledge = { clusterSynced: true, tableRead: () => true };
/** These policies cannot be relied on. */
const unreadable = (policies: readonly string[]): Partial<Knowledge> => ({
  unreadableOwner: (scope) => policies.find((policy) => scopeOf(policy) === scope),
});
const prefix = 'k8s-prod.';

const waits = (tag: string, knowledge: Partial<Knowledge>) =>
  removalGate(prefix, { ...everything, ...knowledge })(prefix + tag);

test('with full knowledge every removal may go', () => {
  for (const tag of ['web', 'ns_shop.web', '_owner.0123456789ab']) assert.equal(waits(tag, {}), undefined);
});

test('each missing piece of knowledge keeps every removal back, and says which it is', () => {
  for (const tag of ['web', 'ns_shop.web']) {
    assert.match(waits(tag, { clusterSynced: false }) ?? '', /cluster/);
    assert.match(waits(tag, { tableRead: () => false }) ?? '', /table/);
    assert.match(waits(tag, { clusterSynced: false, tableRead: () => false }) ?? '', /cluster/);
  }
});

test('while another operator has marked the table every removal waits, and it is named', () => {
  const rival = { prefix: 'k8s.', id: 'bbbbbbbbbbbb' };
  for (const tag of ['web', 'ns_shop.web'])
    assert.match(
      waits(tag, { rival }) ?? '',
      /another operator, bbbbbbbbbbbb, has marked its tag prefix k8s\. on this table/,
    );
});

test('an invalid PanTagPolicy keeps back the tags of its own namespace and no others', () => {
  const knowledge = unreadable(['shop/web']);
  assert.match(waits('ns_shop.app.web', knowledge) ?? '', /PanTagPolicy shop\/web/);
  for (const tag of [
    'ns_shop2.web',
    'ns_sho.web',
    'ns_bank.ns_shop.web',
    'web',
    'shop.web',
    'ns_shop',
    'ns_',
  ]) {
    assert.equal(waits(tag, knowledge), undefined, tag);
  }
});

test('an invalid ClusterPanTagPolicy keeps back all but the tags of namespaces', () => {
  const knowledge = unreadable(['/edge']);
  for (const tag of ['web', 'nsx', 'app.ns_shop.web']) {
    assert.match(waits(tag, knowledge) ?? '', /ClusterPanTagPolicy edge/, tag);
  }
  assert.equal(waits('ns_shop.web', knowledge), undefined);
});

test('of several invalid policies, the one that could claim the tag is named', () => {
  const knowledge = unreadable(['bank/a', 'shop/b', '/c']);
  assert.match(waits('ns_shop.web', knowledge) ?? '', /PanTagPolicy shop\/b/);
  assert.match(waits('web', knowledge) ?? '', /ClusterPanTagPolicy c/);
  assert.equal(waits('ns_other.web', knowledge), undefined);
});

test('the gate says how things stand when it is asked, not when it was made', () => {
  const policies: string[] = [];
  const gate = removalGate(prefix, { ...everything, ...unreadable(policies) });
  assert.equal(gate(`${prefix}ns_shop.a`), undefined);
  policies.push('shop/web');
  assert.notEqual(gate(`${prefix}ns_shop.a`), undefined);
  assert.deepEqual(
    ['ns_shop.a', 'web', 'ns_'].map((tag) => gate.scopeOf?.(prefix + tag)),
    ['shop', '', undefined],
  );
});

test('while a list that replaces what is known is read or taken up, every removal waits', () => {
  for (const tag of ['web', 'ns_shop.web'])
    assert.equal(waits(tag, { relisting: 'pods' }), 'the list of pods is being read again');
});

test('law: more ignorance never lets more go', () => {
  const tag = fc
    .tuple(
      fc.constantFrom('', 'ns_', '_'),
      fc.constantFrom('shop', 'shop2', 'bank'),
      fc.constantFrom('', '.web'),
    )
    .map((parts) => parts.join(''));
  const policies = fc.subarray(['shop/a', 'shop2/a', 'bank/b', '/c']);
  fc.assert(
    fc.property(tag, policies, policies, fc.boolean(), fc.boolean(), (text, some, more, synced, read) => {
      const less = waits(text, unreadable(some));
      const all = waits(text, {
        ...unreadable([...some, ...more]),
        clusterSynced: synced,
        tableRead: () => read,
      });
      if (less !== undefined) assert.notEqual(all, undefined);
    }),
  );
});
