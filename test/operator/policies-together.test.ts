// Policies that come together, in a first list, a list read again or one chunk of a watch: a Pod is evaluated once for all.

import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';
import { NamespaceEvaluator } from '../../src/core/policies/namespace-evaluator.ts';
import type { RawObject } from '../../src/kubernetes/codec/decoders.ts';
import { Intake } from '../../src/kubernetes/reflector/intake.ts';
import { Controller } from '../../src/operator/cluster/controller.ts';
import type { FirewallWorker } from '../../src/operator/firewall/firewall-worker.ts';
import { createLogger } from '../../src/runtime/logger.ts';

afterEach(() => mock.restoreAll());

const raw = (uid: string, version: string, object: object): RawObject => ({
  uid,
  resourceVersion: version,
  object: object as RawObject['object'],
});

const policyEntry = (n: number, version: string) => {
  const uid = `u${n}`;
  const record = raw(uid, version, {
    kind: 'PanTagPolicy',
    metadata: {
      name: `p${n}`,
      namespace: 'shop',
      uid,
      generation: Number(version),
      resourceVersion: version,
    },
    spec: { firewallNames: ['edge'], podSelector: {}, tags: [{ template: `t${n}-${version}` }] },
  });
  return { uid, resourceVersion: version, record };
};

const policiesOf = (n: number, version: string) =>
  Array.from({ length: n }, (_, i) => policyEntry(i, version));

/** One Pod of a known cluster, before any policy is listed. */
function world() {
  const seen = { evaluations: 0 };
  const evaluate: NamespaceEvaluator['evaluate'] = Object.getOwnPropertyDescriptor(
    NamespaceEvaluator.prototype,
    'evaluate',
  )?.value;
  mock.method(
    NamespaceEvaluator.prototype,
    'evaluate',
    function (this: NamespaceEvaluator, ...given: Parameters<typeof evaluate>) {
      seen.evaluations += 1;
      return evaluate.apply(this, given);
    },
  );
  const nothing = () => undefined;
  const worker = { note: nothing, limits: { note: nothing }, tables: { knowledgeChanged: nothing } };
  const controller = new Controller({
    createWorker: () => worker as unknown as FirewallWorker,
    changed: () => undefined,
    dropAnnotation: () => undefined,
    askDefinition: () => undefined,
    statusObserved: () => undefined,
    log: createLogger({ level: 'silent', format: 'json' }),
  });
  controller.desired.setFirewall({
    name: 'edge',
    labels: new Map(),
    tagPrefix: 'k8s.',
    namespaceSelector: [],
    addressCIDRs: undefined,
  });
  controller.desired.setNamespace({ name: 'shop', labels: new Map() });
  controller.desired.setClaimant({
    uid: 'pod',
    namespace: 'shop',
    name: 'web-1',
    kind: 'Pod',
    fields: { node: 'n1', serviceAccount: 'default' },
    labels: new Map(),
    addresses: ['10.0.0.1'],
    ineligible: undefined,
    terminating: false,
    since: 1000,
  });
  seen.evaluations = 0;
  const evaluations = (): number => seen.evaluations;
  const tags = () => controller.desired.tagsOf('edge', '10.0.0.1');
  return { evaluations, tags, intake: new Intake(controller.policiesOf('pantagpolicies'), 500) };
}

for (const n of [500, 4000]) {
  test(`${n} policies: a first list in chunks of 20, a chunk of as many edits, and a list that is read again`, async () => {
    const { evaluations, tags, intake } = world();
    intake.beginList();
    for (let at = 0; at < n; at += 20) intake.add(policiesOf(n, '1').slice(at, at + 20));
    assert.equal(evaluations(), 0);
    await intake.endList('1');
    assert.equal(evaluations(), 1);
    assert.equal(tags()[0], 'k8s.ns_shop.t0-1');

    await intake.take(policiesOf(n, '2').map((entry) => ({ kind: 'set', entry })));
    assert.equal(evaluations(), 2);
    assert.equal(tags()[0], 'k8s.ns_shop.t0-2');

    intake.forgetPosition();
    intake.beginList();
    intake.add(policiesOf(n, '3'));
    await intake.endList('3');
    assert.ok(evaluations() <= 2 + Math.ceil(n / 500), `${evaluations()} evaluations`);
    assert.equal(tags()[0], 'k8s.ns_shop.t0-3');
  });
}

test('a policy that comes alone is followed at once', async () => {
  const { tags, intake } = world();
  intake.beginList();
  await intake.endList('1');
  await intake.take([{ kind: 'set', entry: policyEntry(1, '2') }]);
  assert.deepEqual(tags(), ['k8s.ns_shop.t1-2']);
});
