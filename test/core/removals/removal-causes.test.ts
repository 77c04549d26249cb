// Causes of removals, from what happened to Pods and policies: Desired makes them, the ledger keeps them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Desired } from '../../../src/core/desired/desired.ts';
import type { Claimant } from '../../../src/core/model/claimant.ts';
import type { Firewall, Labels, Policy, RemovalCause } from '../../../src/core/model/model.ts';
import { goesAtOnce, RemovalCauses } from '../../../src/core/removals/removal-causes.ts';

const web: Labels = new Map([['app', 'web']]);
const api: Labels = new Map([['app', 'api']]);
const noLabels: Labels = new Map();

const pod: Claimant = {
  uid: 'u1',
  namespace: 'shop',
  name: 'web-1',
  kind: 'Pod',
  fields: { node: 'n1', serviceAccount: 'default' },
  labels: web,
  addresses: ['10.0.0.1'],
  ineligible: undefined,
  terminating: false,
  since: 100,
};

const successor: Claimant = { ...pod, uid: 'u2', name: 'api-1', labels: api, since: 200 };

const appPolicy: Policy = {
  id: 'shop/app',
  name: 'app',
  namespace: 'shop',
  firewalls: { names: ['edge'] },
  namespaceSelector: undefined,
  podSelector: [],
  tags: [{ kind: 'labelKeys', keys: ['app'] }],
};

const everyPodPolicy: Policy = {
  ...appPolicy,
  id: 'shop/all',
  name: 'all',
  tags: [{ kind: 'template', template: [{ kind: 'text', text: 'all' }] }],
};

const edge: Firewall = {
  name: 'edge',
  labels: noLabels,
  tagPrefix: 'k8s.',
  namespaceSelector: [],
  addressCIDRs: undefined,
};

const webTag = 'k8s.ns_shop.app.web';
const apiTag = 'k8s.ns_shop.app.api';
const allTag = 'k8s.ns_shop.all';

/** A cluster with one Pod, web-1, that carries webTag; and the ledger of the firewall's one table. */
function cluster({ synced = true } = {}) {
  const causes = new RemovalCauses();
  const desired = new Desired({
    addressChanged: (_firewall, change) => causes.note(change),
    policyChanged: () => {},
  });
  desired.setFirewall(edge);
  desired.setNamespace({ name: 'shop', labels: noLabels });
  desired.setPolicy(appPolicy);
  desired.setClaimant(pod);
  if (synced) desired.claimantsSynced();
  const causeOf = (tag: string, address = '10.0.0.1') => causes.causeOf(address, tag);
  return { desired, causes, causeOf };
}

test('four causes go at once, all others need the gate', () => {
  const expected: Readonly<Record<RemovalCause, boolean>> = {
    vacated: true,
    relabelled: true,
    newHolder: true,
    displaced: true,
    limit: false,
    policy: false,
    namespace: false,
    relist: false,
    unclaimed: false,
  };
  const causes = Object.keys(expected) as RemovalCause[];
  assert.deepEqual(Object.fromEntries(causes.map((cause) => [cause, goesAtOnce(cause)])), expected);
});

test('what nobody ever deserved is unclaimed', () => {
  const { causeOf } = cluster();
  assert.equal(causeOf('k8s.ns_shop.stranger'), 'unclaimed');
  assert.equal(causeOf(webTag, '10.9.9.9'), 'unclaimed');
});

test('newHolder: a Pod whose network came up while nobody led, whatever it deserved before', () => {
  const { desired, causeOf } = cluster();
  desired.setClaimant({ ...pod, uid: 'u4', addresses: ['10.0.0.4'], since: 151, labels: noLabels });
  const { desired: fresh, causeOf: freshCauseOf } = cluster({ synced: false });
  for (const [uid, at] of [
    ['u3', 150],
    ['u4', 151],
  ] as const) {
    fresh.setClaimant({
      ...pod,
      uid,
      addresses: [`10.0.0.${uid.slice(1)}`],
      since: at,
      labels: noLabels,
    });
  }
  fresh.claimantsSynced();
  fresh.holdersNewSince(150);
  assert.equal(freshCauseOf(webTag, '10.0.0.1'), 'unclaimed');
  assert.equal(freshCauseOf(webTag, '10.0.0.3'), 'unclaimed');
  assert.equal(freshCauseOf(webTag, '10.0.0.4'), 'newHolder');
  assert.equal(causeOf(webTag, '10.0.0.4'), 'newHolder', 'as it was seen by who was there');
});

test('the ledger of a standby is bounded: what falls out of it is unclaimed, the oldest first', () => {
  const causes = new RemovalCauses();
  const vacate = (i: number) =>
    causes.note({ address: `2001:db8::${i}`, before: [webTag], after: [], cause: 'vacated' });
  for (let i = 0; i < 50_000; i += 1) vacate(i);
  vacate(1_000);
  assert.equal([...causes.addresses()].length, 50_000);
  vacate(50_000);
  assert.equal([...causes.addresses()].length, 45_000, 'room for many at once');
  assert.equal(causes.causeOf('2001:db8::5001', webTag), 'unclaimed');
  assert.equal(causes.causeOf('2001:db8::5002', webTag), 'vacated');
  assert.equal(causes.causeOf('2001:db8::1000', webTag), 'vacated', 'noted again, it is young again');
  assert.equal(causes.causeOf('2001:db8::50000', webTag), 'vacated');
});

test('vacated: a watch saw the Pod go, whether it was deleted or had finished', () => {
  const { desired, causeOf } = cluster();
  desired.deleteClaimant('u1', 'watch');
  assert.equal(causeOf(webTag), 'vacated');
  assert.equal(causeOf('k8s.ns_shop.stranger'), 'vacated', 'it speaks of the whole address');
});

test('vacated: a live Pod lost its address, and only that one', () => {
  const { desired, causeOf } = cluster();
  desired.setClaimant({ ...pod, addresses: ['10.0.0.1', '10.0.0.2'] });
  desired.setClaimant({ ...pod, addresses: ['10.0.0.2'] });
  assert.equal(causeOf(webTag), 'vacated');
  assert.equal(causeOf(webTag, '10.0.0.2'), 'newHolder');
});

test('vacated is known even before all Pods have been listed', () => {
  const { desired, causeOf } = cluster({ synced: false });
  desired.deleteClaimant('u1', 'watch');
  assert.equal(causeOf(webTag), 'vacated');
});

test('relist: a list did not hold the Pod any more, and nobody saw why', () => {
  const { desired, causeOf } = cluster();
  desired.deleteClaimant('u1', 'list');
  assert.equal(causeOf(webTag), 'relist');
  assert.equal(causeOf('k8s.ns_shop.stranger'), 'unclaimed');
});

test('relist: a Pod that a list left out and that is back is no new holder of its own address', () => {
  const { desired, causeOf } = cluster();
  desired.deleteClaimant('u1', 'list');
  desired.deletePolicy('shop/app');
  desired.setClaimant(pod);
  assert.equal(causeOf(webTag), 'relist');
  assert.equal(causeOf('k8s.ns_shop.stranger'), 'unclaimed');
});

test('newHolder: also a Pod that a list left out, once another has held its address in between', () => {
  const { desired, causeOf } = cluster();
  desired.deleteClaimant('u1', 'list');
  desired.setClaimant(successor);
  desired.deleteClaimant('u2', 'watch');
  desired.setClaimant(pod);
  assert.equal(causeOf(apiTag), 'newHolder');
});

test('newHolder: another Pod took the address while the former still claims it', () => {
  const { desired, causeOf } = cluster();
  desired.setClaimant(successor);
  assert.equal(causeOf(webTag), 'newHolder');
  assert.equal(causeOf('k8s.ns_shop.stranger'), 'newHolder');
});

test('newHolder: also of an address that was free, whoever had it before', () => {
  const { desired, causeOf } = cluster();
  desired.setClaimant({ ...successor, addresses: ['10.0.0.9'] });
  assert.equal(causeOf('k8s.ns_shop.stranger', '10.0.0.9'), 'newHolder');
  desired.deleteClaimant('u1', 'list');
  desired.setClaimant(successor);
  assert.equal(causeOf(webTag), 'newHolder');
});

test('newHolder: the Pod that comes next when the first one ends, and the one that stays when it terminates', () => {
  for (const leave of [
    (desired: Desired) => desired.deleteClaimant('u2', 'watch'),
    (desired: Desired) => desired.setClaimant({ ...successor, terminating: true }),
  ]) {
    const { desired, causeOf } = cluster();
    desired.setClaimant(successor);
    leave(desired);
    assert.equal(causeOf(apiTag), 'newHolder');
  }
});

test('before all Pods have been listed nobody is a new holder', () => {
  const { desired, causeOf } = cluster({ synced: false });
  desired.setClaimant(successor);
  assert.equal(causeOf(webTag), 'relist');
  assert.equal(causeOf('k8s.ns_shop.stranger'), 'unclaimed');
});

test('relabelled: the Pod itself changed what it deserves', () => {
  const { desired, causeOf } = cluster();
  desired.setClaimant({ ...pod, labels: api });
  assert.equal(causeOf(webTag), 'relabelled');
  assert.equal(causeOf('k8s.ns_shop.stranger'), 'unclaimed');
});

test('policy: a policy was edited or deleted, or the PanFirewall was', () => {
  for (const edit of [
    (desired: Desired) => desired.deletePolicy('shop/app'),
    (desired: Desired) => desired.setPolicy({ ...appPolicy, tags: [{ kind: 'labelKeys', keys: ['tier'] }] }),
    (desired: Desired) => desired.setPolicy({ ...appPolicy, firewalls: { names: ['other'] } }),
    (desired: Desired) =>
      desired.setFirewall({
        ...edge,
        namespaceSelector: [{ key: 'env', operator: 'Exists', values: new Set() }],
      }),
    (desired: Desired) => desired.setFirewall({ ...edge, addressCIDRs: [] }),
  ]) {
    const { desired, causeOf } = cluster();
    edit(desired);
    assert.equal(causeOf(webTag), 'policy');
    assert.equal(causeOf('k8s.ns_shop.stranger'), 'unclaimed');
  }
});

test('namespace: it was relabelled or deleted', () => {
  for (const edit of [
    (desired: Desired) => desired.deleteNamespace('shop'),
    (desired: Desired) => desired.setNamespace({ name: 'shop', labels: api }),
  ]) {
    const { desired, causeOf } = cluster();
    desired.setPolicy({
      ...appPolicy,
      tags: [{ kind: 'template', template: [{ kind: 'namespaceLabel', key: 'env' }] }],
    });
    desired.setNamespace({ name: 'shop', labels: new Map([['env', 'prod']]) });
    edit(desired);
    assert.equal(causeOf('k8s.ns_shop.prod'), 'namespace');
  }
});

test('a tag that is deserved again and later leaves by policy is policy, although the address was once vacated', () => {
  const { desired, causeOf } = cluster();
  desired.deleteClaimant('u1', 'watch');
  desired.setClaimant({ ...pod, uid: 'u3', since: 300 });
  assert.equal(causeOf('k8s.ns_shop.stranger'), 'newHolder');
  desired.deletePolicy('shop/app');
  assert.equal(causeOf(webTag), 'policy');
  assert.equal(causeOf('k8s.ns_shop.stranger'), 'newHolder', 'what it never deserved still goes at once');
});

test('a tag that left by policy goes at once when the address changes hands, and needs a new cause once it is back', () => {
  const { desired, causeOf } = cluster();
  desired.setPolicy(everyPodPolicy);
  desired.deletePolicy('shop/all');
  assert.equal(causeOf(allTag), 'policy');
  desired.setPolicy({
    ...everyPodPolicy,
    podSelector: [{ key: 'app', operator: 'In', values: new Set(['web']) }],
  });
  desired.setClaimant({ ...pod, labels: api });
  assert.equal(causeOf(allTag), 'relabelled');
  desired.deletePolicy('shop/app');
  assert.equal(causeOf(allTag), 'relabelled');
  assert.equal(causeOf(apiTag), 'policy', 'each tag has its own cause');
  desired.setClaimant(successor);
  for (const tag of [allTag, apiTag, webTag]) assert.equal(causeOf(tag), 'newHolder');
});

test('a tag that stayed when others were relabelled has no cause yet, and leaves for its own', () => {
  const causes = new RemovalCauses();
  const address = '10.0.0.1';
  causes.note({ address, before: [webTag, allTag], after: [allTag], cause: 'relabelled' });
  assert.equal(causes.causeOf(address, webTag), 'relabelled');
  assert.equal(causes.causeOf(address, allTag), 'unclaimed');
  causes.note({ address, before: [allTag], after: [], cause: 'policy' });
  assert.equal(causes.causeOf(address, allTag), 'policy');
});

test("once device and desired agree, later differences are nobody's known doing", () => {
  const { desired, causes, causeOf } = cluster();
  desired.deleteClaimant('u1', 'watch');
  assert.deepEqual([...causes.addresses()], ['10.0.0.1']);
  causes.settle('10.0.0.1');
  assert.equal(causeOf(webTag), 'unclaimed');
  assert.deepEqual([...causes.addresses()], []);
});

test('addresses that only gained tags leave nothing in the ledger', () => {
  const { causes } = cluster({ synced: false });
  assert.deepEqual([...causes.addresses()], []);
});

test('a guarded departure comes to go at once by no number of relabels or edits after it', () => {
  for (const [later, count] of [
    ['relabelled', 2000],
    ['policy', 2000],
  ] as const) {
    const causes = new RemovalCauses();
    causes.note({ address: 'a', before: [], after: ['k.quarantine'], cause: 'newHolder' });
    causes.note({ address: 'a', before: ['k.quarantine'], after: ['k.0'], cause: 'policy' });
    for (let i = 0; i < count; i += 1)
      causes.note({ address: 'a', before: [`k.${i}`], after: [`k.${i + 1}`], cause: later });
    assert.ok(!goesAtOnce(causes.causeOf('a', 'k.quarantine')), later);
  }
});

test('law: whatever falls out of a full ledger, nothing goes at once that would have been guarded', () => {
  const tags = ['k.a', 'k.b', 'k.c', 'k.d', 'k.e'];
  const step = fc.record({
    address: fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'),
    after: fc.subarray(tags),
    cause: fc.constantFrom<RemovalCause>(
      'vacated',
      'newHolder',
      'relabelled',
      'policy',
      'namespace',
      'relist',
    ),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const full = new RemovalCauses({ entries: 2, departures: 2 });
      const ample = new RemovalCauses();
      const held = new Map<string, readonly string[]>();
      for (const { address, after, cause } of steps) {
        const change = {
          address,
          before: held.get(address) ?? [],
          after: cause === 'vacated' ? [] : after,
          cause,
        };
        held.set(address, change.after);
        for (const ledger of [full, ample]) ledger.note(change);
        for (const at of held.keys())
          for (const tag of tags) {
            const isDeserved = held.get(at)?.includes(tag) === true;
            if (isDeserved || !goesAtOnce(full.causeOf(at, tag))) continue;
            assert.ok(goesAtOnce(ample.causeOf(at, tag)), `${at} ${tag}`);
          }
      }
    }),
    { numRuns: 2000 },
  );
});
