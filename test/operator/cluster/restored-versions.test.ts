// An etcd restored from a backup gives resourceVersions and generations a second time, with other content: the list counts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NamespaceRecord } from '../../../src/core/model/model.ts';
import type { PodRecord } from '../../../src/kubernetes/codec/pod-record.ts';
import { podSource } from '../../../src/operator/sources/pod-source.ts';
import type { RawObject } from '../../../src/kubernetes/codec/decoders.ts';
import { Intake, type Sink } from '../../../src/kubernetes/reflector/intake.ts';
import type { ParsedFirewall } from '../../../src/kubernetes/resources/parse.ts';
import { Controller } from '../../../src/operator/cluster/controller.ts';
import type { FirewallWorker } from '../../../src/operator/firewall/firewall-worker.ts';
import { createLogger } from '../../../src/runtime/logger.ts';
import { podRecord } from '../pod-records.ts';

const version = '7';
const address = '10.0.0.1';

function raw(kind: string, name: string, spec: object, namespace?: string): RawObject {
  const uid = `${kind}-${name}`;
  const metadata = { name, namespace, uid, generation: 3, resourceVersion: version };
  return { uid, resourceVersion: version, object: { kind, metadata, spec } };
}

const firewall = (spec: object = {}) =>
  raw('PanFirewall', 'edge', {
    endpoint: 'https://fw.example.net',
    tagPrefix: 'k8s.',
    credentials: { secretRef: { name: 'edge' } },
    namespaceSelector: {},
    deletionPolicy: 'Retain',
    ...spec,
  });

const policySpec = (template: string, given: object = {}) => ({
  firewallNames: ['edge'],
  podSelector: {},
  tags: [{ template }],
  ...given,
});
const policy = (template: string, given?: object) =>
  raw('PanTagPolicy', 'web', policySpec(template, given), 'shop');
const clusterPolicy = (template: string) =>
  raw('ClusterPanTagPolicy', 'all', policySpec(template, { namespaceSelector: {} }));

const secret = (apiKey: string): RawObject => ({
  uid: 's',
  resourceVersion: version,
  object: { metadata: { name: 'edge' }, data: { apiKey: Buffer.from(apiKey).toString('base64') } },
});

const namespace = (tier: string): NamespaceRecord => ({ name: 'shop', labels: new Map([['tier', tier]]) });

const pod = (app: string): PodRecord => podRecord('p', address, { labels: new Map([['app', app]]) });

/** One kind, listed through a real Intake as its reflector would do it. */
function kindOf<R>(sink: Sink<R>, uidOf: (record: R) => string) {
  const intake = new Intake(sink);
  return async (record: R): Promise<void> => {
    intake.forgetPosition();
    intake.beginList();
    intake.add([{ uid: uidOf(record), resourceVersion: version, record }]);
    await intake.endList(version);
  };
}

/** All kinds, listed once. */
async function world() {
  const seen = { configured: [] as ParsedFirewall[], settings: 0 };
  const worker = {
    note: () => undefined,
    tables: { knowledgeChanged: () => undefined },
    statusChanged: () => undefined,
    settingsChanged: () => (seen.settings += 1),
    refersTo: () => true,
    configure: (connection: never) => Promise.resolve(seen.configured.push(connection)),
    standBy: () => Promise.resolve(),
  };
  const controller = new Controller({
    createWorker: () => worker as unknown as FirewallWorker,
    changed: () => undefined,
    dropAnnotation: () => undefined,
    askDefinition: () => undefined,
    statusObserved: () => undefined,
    log: createLogger({ level: 'silent', format: 'json' }),
  });
  const byUid = ({ uid }: { readonly uid: string }): string => uid;
  const lists = {
    pods: kindOf(controller.claimants(podSource()), byUid),
    namespaces: kindOf(controller.namespaces(), ({ name }) => name),
    firewalls: kindOf(controller.panFirewalls(), byUid),
    policies: kindOf(controller.policiesOf('pantagpolicies'), byUid),
    clusterPolicies: kindOf(controller.policiesOf('clusterpantagpolicies'), byUid),
    secrets: kindOf(controller.secretsOf(), byUid),
  };
  await lists.pods(pod('web'));
  await lists.namespaces(namespace('gold'));
  await lists.firewalls(firewall());
  await lists.policies(policy('of.{{ labels.app }}'));
  await lists.clusterPolicies(clusterPolicy("tier.{{ namespaceLabels['tier'] }}"));
  await lists.secrets(secret('first'));
  const tags = () => [...controller.desired.tagsOf('edge', address)];
  assert.deepEqual(tags(), ['k8s.ns_shop.of.web', 'k8s.tier.gold']);
  return { controller, lists, seen, tags };
}

test('a Pod, a Namespace and policies with known versions and generations, and other content', async () => {
  const { lists, tags } = await world();
  await lists.pods(pod('db'));
  assert.deepEqual(tags(), ['k8s.ns_shop.of.db', 'k8s.tier.gold']);
  await lists.namespaces(namespace('silver'));
  assert.deepEqual(tags(), ['k8s.ns_shop.of.db', 'k8s.tier.silver']);
  await lists.policies(policy('was.{{ labels.app }}'));
  assert.deepEqual(tags(), ['k8s.ns_shop.was.db', 'k8s.tier.silver']);
  await lists.clusterPolicies(clusterPolicy('any'));
  assert.deepEqual(tags(), ['k8s.any', 'k8s.ns_shop.was.db']);
});

test('a policy that cannot be followed under a known generation is invalid, and one that can be is not any more', async () => {
  const { controller, lists, tags } = await world();
  await lists.policies(policy('web', { firewallNames: [] }));
  assert.deepEqual(tags(), ['k8s.tier.gold']);
  assert.equal(controller.knowledge().unreadableOwner?.('shop'), 'shop/web');
  await lists.policies(policy('web'));
  assert.deepEqual(tags(), ['k8s.ns_shop.web', 'k8s.tier.gold']);
  assert.equal(controller.knowledge().unreadableOwner?.('shop'), undefined);
});

test('a PanFirewall: what it takes, and how it is reached', async () => {
  const { controller, lists, seen, tags } = await world();
  await lists.firewalls(firewall({ addressCIDRs: ['192.168.0.0/16'] }));
  assert.deepEqual(tags(), []);
  seen.configured.length = 0;
  await lists.firewalls(firewall({ endpoint: 'https://other.example.net' }));
  assert.equal(seen.configured.length, 1);
  assert.deepEqual(tags(), ['k8s.ns_shop.of.web', 'k8s.tier.gold']);
  assert.equal(controller.firewalls.size, 1);
});

test('a Secret', async () => {
  const { controller, lists, seen } = await world();
  seen.settings = 0;
  await lists.secrets(secret('second'));
  assert.equal(controller.secrets.get('edge')?.get('apiKey'), 'second');
  assert.equal(seen.settings, 1);
  await lists.secrets(secret('second'));
  assert.equal(seen.settings, 1, 'the same once more is nothing new');
});
