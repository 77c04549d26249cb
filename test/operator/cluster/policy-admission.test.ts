// Policies that a firewall accepts nothing from, and what their statuses say.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Desired } from '../../../src/core/desired/desired.ts';
import type { Policy } from '../../../src/core/model/model.ts';
import { unusable } from '../../../src/operator/cluster/policy-admission.ts';

const labels = (text: string) => new Map([['team', text]]);

function clusterOf(firewalls: readonly string[]) {
  const desired = new Desired({
    addressChanged: () => {},
    addressReviewed: () => {},
    policyChanged: () => {},
  });
  for (const name of ['shop', 'bank']) desired.setNamespace({ name, labels: labels(name) });
  for (const name of firewalls)
    desired.setFirewall({
      name,
      labels: new Map(),
      tagPrefix: 'k8s.',
      namespaceSelector: [{ key: 'team', operator: 'In', values: new Set([name]) }],
      addressCIDRs: undefined,
    });
  const policy: Policy = {
    id: '/all',
    name: 'all',
    namespace: undefined,
    firewalls: { names: firewalls },
    namespaceSelector: [],
    podSelector: [],
    tags: [{ kind: 'template', template: [{ kind: 'text', text: 'web' }] }],
  };
  desired.setPolicy(policy);
  const run = (namespace: string, address: string) =>
    desired.setClaimant({
      uid: address,
      namespace,
      name: 'p',
      kind: 'Pod',
      fields: { node: 'n', serviceAccount: 'default' },
      labels: new Map(),
      addresses: [address],
      ineligible: undefined,
      terminating: false,
      since: 1,
    });
  const parsed = new Map(firewalls.map((name) => [name, { parsed: { ok: true } }]));
  const reasonOn = (name: string) => {
    const meta = { namespace: undefined, name: 'all' };
    return unusable(name, { desired, firewalls: parsed }, { meta } as Parameters<typeof unusable>[2])?.reason;
  };
  return { run, reasonOn };
}

test('a ClusterPanTagPolicy none of whose Pods is admitted by any of its firewalls is told NotAdmitted', () => {
  const { run, reasonOn } = clusterOf(['bank']);
  assert.equal(reasonOn('bank'), undefined, 'it selects nobody');
  run('shop', '10.0.0.1');
  assert.equal(reasonOn('bank'), 'NotAdmitted');
  run('bank', '10.0.0.2');
  assert.equal(reasonOn('bank'), undefined, 'one is admitted: the others are not selected for this firewall');
  assert.equal(reasonOn('gone'), 'FirewallMissing');
});

test('firewalls for other namespaces than those of today are nobody’s fault while one admits a Pod', () => {
  const { run, reasonOn } = clusterOf(['bank', 'shop']);
  run('shop', '10.0.0.1');
  assert.deepEqual([reasonOn('bank'), reasonOn('shop')], [undefined, undefined]);
});
