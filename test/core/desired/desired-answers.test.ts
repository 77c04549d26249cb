// Answers of Desired, and that no edit of a Pod is taken for noise.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Desired } from '../../../src/core/desired/desired.ts';
import type { Claimant } from '../../../src/core/model/claimant.ts';
import type { Labels } from '../../../src/core/model/model.ts';

const noLabels: Labels = new Map();

const pod: Claimant = {
  uid: 'u1',
  namespace: 'shop',
  name: 'web-1',
  kind: 'Pod',
  fields: { node: 'n1', serviceAccount: 'default' },
  labels: noLabels,
  addresses: ['10.0.0.1'],
  ineligible: undefined,
  terminating: false,
  since: 100,
};

/** One firewall, and one policy that tags every Pod with its node and its service account. */
function cluster(): Desired {
  const desired = new Desired({ addressChanged: () => {}, policyChanged: () => {} });
  desired.setNamespace({ name: 'shop', labels: noLabels });
  desired.setFirewall({
    name: 'edge',
    labels: noLabels,
    tagPrefix: 'k8s.',
    namespaceSelector: [],
    addressCIDRs: undefined,
  });
  desired.setPolicy({
    id: 'shop/where',
    name: 'where',
    namespace: 'shop',
    firewalls: { names: ['edge', 'absent'] },
    namespaceSelector: undefined,
    podSelector: [],
    tags: [
      { kind: 'template', template: [{ kind: 'field', field: 'node' }] },
      { kind: 'template', template: [{ kind: 'field', field: 'serviceAccount' }] },
    ],
  });
  return desired;
}

test('of what there is not it answers nothing', () => {
  const desired = cluster();
  assert.equal(desired.holderOf('10.0.0.1'), undefined);
  assert.deepEqual(desired.tagsOf('edge', '10.0.0.1'), []);
  assert.deepEqual([...desired.addressesOf('absent')], []);
  assert.deepEqual(desired.firewallsOf('shop/absent'), []);
  assert.deepEqual(desired.tagsInUse('shop/absent'), []);
  assert.equal(desired.tallyOf('shop/absent'), undefined);
  desired.deleteClaimant('absent', 'watch');
  desired.deleteNamespace('absent');
});

test('who holds an address, where a policy goes, and what it gives', () => {
  const desired = cluster();
  desired.setClaimant(pod);
  assert.equal(desired.holderOf('10.0.0.1'), pod);
  assert.deepEqual(desired.firewallsOf('shop/where'), ['edge']);
  assert.deepEqual(desired.tagsInUse('shop/where'), ['k8s.ns_shop.default', 'k8s.ns_shop.n1']);
});

test('a Pod that changes in nothing but its node, or its service account, changes its tags', () => {
  const desired = cluster();
  desired.setClaimant(pod);
  desired.setClaimant({ ...pod, fields: { ...pod.fields, node: 'n2' } });
  assert.deepEqual(desired.tagsOf('edge', '10.0.0.1'), ['k8s.ns_shop.default', 'k8s.ns_shop.n2']);
  desired.setClaimant({ ...pod, fields: { node: 'n2', serviceAccount: 'robot' } });
  assert.deepEqual(desired.tagsOf('edge', '10.0.0.1'), ['k8s.ns_shop.n2', 'k8s.ns_shop.robot']);
});

test('a Pod that changes in nothing but its end, or the start of its network, may lose its address or win it', () => {
  const desired = cluster();
  const other = { ...pod, uid: 'u2', since: 200 };
  desired.setClaimant(pod);
  desired.setClaimant(other);
  assert.equal(desired.holderOf('10.0.0.1')?.uid, 'u2');
  desired.setClaimant({ ...pod, since: 300 });
  assert.equal(desired.holderOf('10.0.0.1')?.uid, 'u1');
  desired.setClaimant({ ...pod, since: 300, terminating: true });
  assert.equal(desired.holderOf('10.0.0.1')?.uid, 'u2');
});

// One evaluation serves all Pods with the same labels, but for the policies that speak of the Pod itself.
test('Pods with the same labels share what names none of them, and never what does', () => {
  const desired = new Desired({ addressChanged: () => {}, policyChanged: () => {} });
  desired.setNamespace({ name: 'shop', labels: noLabels });
  desired.setFirewall({
    name: 'edge',
    labels: noLabels,
    tagPrefix: 'k8s.',
    namespaceSelector: [],
    addressCIDRs: undefined,
  });
  const policy = { firewalls: { names: ['edge'] }, namespaceSelector: undefined, podSelector: [] };
  const text = { kind: 'text', text: 'web' } as const;
  const fixed = { kind: 'template', template: [text] } as const;
  const naming = { kind: 'template', template: [text, { kind: 'field', field: 'pod' }] } as const;
  desired.setPolicy({ ...policy, id: 'shop/fixed', name: 'fixed', namespace: 'shop', tags: [fixed] });
  desired.setPolicy({ ...policy, id: 'shop/mixed', name: 'mixed', namespace: 'shop', tags: [fixed, naming] });
  for (const i of [1, 2])
    desired.setClaimant({ ...pod, uid: `u${i}`, name: `-${i}`, addresses: [`10.0.0.${i}`] });
  for (const i of [1, 2])
    assert.deepEqual(desired.tagsOf('edge', `10.0.0.${i}`), ['k8s.ns_shop.web', `k8s.ns_shop.web-${i}`]);
});

test('a word that a filter reads as an operator is a tag behind its prefix', () => {
  const desired = cluster();
  desired.setPolicy({
    id: '/words',
    name: 'words',
    namespace: undefined,
    firewalls: { names: ['edge'] },
    namespaceSelector: [],
    podSelector: [],
    tags: [{ kind: 'template', template: [{ kind: 'text', text: 'and' }] }],
  });
  desired.setClaimant(pod);
  assert.deepEqual(desired.tagsInUse('/words'), ['k8s.and']);
});
