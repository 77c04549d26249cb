// Explanation of one address on the desired side: its Pods, its tags on each firewall with their policies, or why none.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Desired } from '../../../src/core/desired/desired.ts';
import type { Claimant } from '../../../src/core/model/claimant.ts';
import type { Firewall, Labels, Policy } from '../../../src/core/model/model.ts';
import { parseNetwork } from '../../../src/core/syntax/network.ts';

const noLabels: Labels = new Map();
const address = '10.0.0.1';
const none = { count: 0, first: [] };
const all = <T>(...first: T[]) => ({ count: first.length, first });

const pod = (uid: string, more: Partial<Claimant> = {}): Claimant => ({
  uid,
  namespace: 'shop',
  name: `pod-${uid}`,
  kind: 'Pod',
  fields: { node: 'n1', serviceAccount: 'default' },
  labels: noLabels,
  addresses: [address],
  ineligible: undefined,
  terminating: false,
  since: 100,
  ...more,
});

const firewall = (name: string, more: Partial<Firewall> = {}): Firewall => ({
  name,
  labels: noLabels,
  tagPrefix: 'k8s.',
  namespaceSelector: [],
  addressCIDRs: undefined,
  ...more,
});

const policy = (name: string, ...names: readonly string[]): Policy => ({
  id: `shop/${name}`,
  name,
  namespace: 'shop',
  firewalls: { names },
  namespaceSelector: undefined,
  podSelector: [],
  tags: [{ kind: 'template', template: [{ kind: 'text', text: name }] }],
});

function cluster(): Desired {
  const desired = new Desired({ addressChanged: () => {}, policyChanged: () => {} });
  desired.setNamespace({ name: 'shop', labels: noLabels });
  return desired;
}

const told = (uid: string, more = {}) => ({
  namespace: 'shop',
  name: `pod-${uid}`,
  uid,
  terminating: false,
  hostNetwork: false,
  ...more,
});

test('the holder, others that report the address, and each tag with the policies that give it', () => {
  const desired = cluster();
  desired.setFirewall(firewall('edge'));
  desired.setPolicy(policy('web', 'edge'));
  desired.setPolicy(policy('all', 'edge'));
  desired.setClaimant(pod('u1'));
  desired.setClaimant(pod('u2', { terminating: true }));
  assert.deepEqual(desired.explain(address), {
    address,
    holder: told('u1'),
    others: all(told('u2', { terminating: true })),
    firewalls: all({
      firewall: 'edge',
      tags: all('k8s.ns_shop.all', 'k8s.ns_shop.web'),
      policies: all(
        { policy: 'shop/all', tags: all('k8s.ns_shop.all') },
        { policy: 'shop/web', tags: all('k8s.ns_shop.web') },
      ),
      isCut: false,
    }),
  });
});

test('each reason for no tags is told, firewall by firewall', () => {
  const desired = cluster();
  const network = parseNetwork('10.1.0.0/16');
  assert.ok(network.ok);
  const team = { key: 'team', operator: 'Exists' as const, values: new Set<string>() };
  desired.setFirewall(firewall('elsewhere', { addressCIDRs: [network.network] }));
  desired.setFirewall(firewall('closed', { namespaceSelector: [team] }));
  desired.setFirewall(firewall('unasked'));
  desired.setPolicy(policy('web', 'elsewhere', 'closed'));
  const whys = () =>
    desired.explain(address).firewalls.first.map(({ firewall: name, why }) => [name, why ?? ''] as const);
  assert.ok(whys().every(([, why]) => why === 'no Pod holds the address'));
  desired.setClaimant(pod('u1'));
  const [elsewhere, closed, unasked] = whys();
  assert.match(elsewhere?.[1] ?? '', /^the address is outside spec\.addressCIDRs/);
  assert.equal(closed?.[1], 'spec.namespaceSelector does not select namespace shop');
  assert.equal(unasked?.[1], 'no policy for this firewall gives the Pod a tag');
});

test('where nobody holds the address, a Pod on the network of its host that reports it is found', () => {
  const desired = cluster();
  desired.setClaimant(pod('u1', { ineligible: 'HostNetwork' }));
  desired.setClaimant(pod('u2', { addresses: ['10.0.0.2'] }));
  const { holder, others } = desired.explain(address);
  assert.deepEqual([holder, others], [undefined, all(told('u1', { hostNetwork: true }))]);
});

test('it is told of one firewall, when asked so, and of ten with a count otherwise', () => {
  const desired = cluster();
  for (let i = 0; i < 12; i++) desired.setFirewall(firewall(`fw-${i}`));
  const { firewalls, others } = desired.explain(address);
  assert.deepEqual([firewalls.count, firewalls.first.length, others], [12, 10, none]);
  const only = desired.explain(address, 'fw-11').firewalls.first;
  assert.deepEqual(
    only.map(({ firewall: name }) => name),
    ['fw-11'],
  );
});
