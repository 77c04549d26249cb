// A policy that turns invalid never acts like a deletion. The CRDs are made permissive here: admission would refuse it.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { KubernetesObject } from '../harness/api-client.ts';
import { collectionPath } from '../harness/objects.ts';
import { waitFor } from '../harness/wait-for.ts';
import { ask, metricValue } from './probes.ts';
import { openStage, type Stage } from './stage.ts';
import type { StatusKind } from './statuses.ts';

const stage = await openStage({ ownCluster: true });
after(() => stage.close());
const { cluster } = stage;
await Promise.all([
  acceptAnything('PanFirewall'),
  acceptAnything('PanTagPolicy'),
  acceptAnything('ClusterPanTagPolicy'),
]);
let operator = await stage.startOperator();

type Definition = KubernetesObject & {
  spec: { versions: { schema: { openAPIV3Schema: { properties: Record<string, unknown> } } }[] };
};

/** As with CRDs that are newer than the operator, or that somebody edited. */
async function acceptAnything(kind: StatusKind): Promise<void> {
  const path = collectionPath(kind, 'default');
  const name = `${path.split('/').at(-1)}.pantag.io`;
  const { spec } = await cluster.get<Definition>('CustomResourceDefinition', { name });
  for (const { schema } of spec.versions) {
    schema.openAPIV3Schema.properties['spec'] = {
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
    };
  }
  await cluster.patch('CustomResourceDefinition', { name }, { spec });
  const manifest = {
    apiVersion: 'pantag.io/v1alpha1',
    kind,
    metadata: { name: 'probe' },
    spec: { any: 'thing' },
  };
  const isAccepted = () => cluster.request('POST', `${path}?dryRun=All`, manifest);
  await waitFor(isAccepted, { what: `${kind} to accept anything` });
}

/** It says InvalidSpec with this in the message, and that only an edit helps. */
async function assertStalled(...[kind, ref, says]: [...Parameters<Stage['says']>]): Promise<void> {
  const { conditions = [] } = await stage.says(kind, ref, 'InvalidSpec');
  assert.deepEqual(
    conditions.map(({ type, status }) => `${type}=${status}`),
    ['Ready=False', 'Stalled=True'],
  );
  assert.ok(
    conditions.every(({ message }) => message.includes(says)),
    JSON.stringify(conditions),
  );
}

async function held(): Promise<number | undefined> {
  return metricValue((await ask(operator, '/metrics')).text, 'pantag_addresses', { state: 'held' });
}

test('an invalid PanTagPolicy: removals in its namespace wait, all others go on', async () => {
  const firewallNames = ['tenants'];
  await using fw = await stage.firewall({ name: 'tenants', foreignOn: ['10.1.0.1', '10.1.1.1'] });
  // Up for long: after the restart they are no new holders of their addresses.
  const networkReadyAt = new Date(Date.now() - 60_000);
  for (const [i, namespace] of ['torn', 'whole'].entries()) {
    await cluster.createNamespace(namespace);
    await cluster.createPod({ namespace, name: 'web-1', ips: [`10.1.${i}.1`], networkReadyAt });
    await cluster.createPod({ namespace, name: 'web-2', ips: [`10.1.${i}.2`], networkReadyAt });
    await stage.policy({ namespace, name: 'side' }, { firewallNames, tags: [{ template: 'side' }] });
    await stage.policy(
      { namespace, name: 'web' },
      { firewallNames, tags: [{ template: 'web' }, { template: 'more' }] },
    );
  }
  const torn = ['ns_torn.web', 'ns_torn.more', 'ns_torn.side'];
  const whole = ['ns_whole.web', 'ns_whole.more', 'ns_whole.side'];
  await fw.holds({ '10.1.0.1': torn, '10.1.0.2': torn, '10.1.1.1': whole, '10.1.1.2': whole });

  const web = { namespace: 'torn', name: 'web' };
  const edit = (...tags: object[]) => cluster.patch('PanTagPolicy', web, { spec: { tags } });
  await edit({ template: '{{ nope }}' });
  await assertStalled('PanTagPolicy', web, 'spec.tags[0].template: the placeholder "nope" is unknown');
  await cluster.remove('PanTagPolicy', { namespace: 'torn', name: 'side' });
  await cluster.remove('PanTagPolicy', { namespace: 'whole', name: 'side' });
  await cluster.patch(
    'PanTagPolicy',
    { namespace: 'whole', name: 'web' },
    { spec: { tags: [{ template: 'web' }] } },
  );
  await fw.holds({
    '10.1.0.1': torn,
    '10.1.0.2': torn,
    '10.1.1.1': ['ns_whole.web'],
    '10.1.1.2': ['ns_whole.web'],
  });

  // What a Pod itself does goes on: it leaves with all of its tags. A new one gets nothing.
  await cluster.createPod({ namespace: 'torn', name: 'web-3', ips: ['10.1.0.3'] });
  await cluster.deletePod({ namespace: 'torn', name: 'web-2' });
  await fw.holds({ '10.1.0.1': torn, '10.1.1.1': ['ns_whole.web'], '10.1.1.2': ['ns_whole.web'] });
  assert.equal(await held(), 1);

  // A restart knows even less about the tags of that namespace.
  await operator.stop();
  operator = await stage.startOperator();
  await operator.waitForLog(({ msg, waiting }) => msg === 'table read' && waiting === 1);
  await cluster.remove('PanTagPolicy', { namespace: 'whole', name: 'web' });
  await fw.holds({ '10.1.0.1': torn });

  await edit({ template: 'web' });
  await fw.holds({ '10.1.0.1': ['ns_torn.web'], '10.1.0.3': ['ns_torn.web'] });
  await stage.says('PanTagPolicy', web, 'InSync');
  assert.equal(await held(), 0);
});

test("an invalid ClusterPanTagPolicy: removals of cluster-wide tags wait, those of namespaces' go on", async () => {
  const firewallNames = ['wide'];
  const namespaceSelector = { matchLabels: { wide: 'yes' } };
  await using fw = await stage.firewall({ name: 'wide', foreignOn: ['10.2.0.1'] });
  await cluster.createNamespace('wide', { wide: 'yes' });
  await cluster.createPod({ namespace: 'wide', name: 'web-1', ips: ['10.2.0.1'] });
  await stage.policy({ namespace: 'wide', name: 'web' }, { firewallNames, tags: [{ template: 'web' }] });
  for (const name of ['one', 'two']) {
    await stage.policy({ name }, { firewallNames, namespaceSelector, tags: [{ template: name }] });
  }
  await fw.holds({ '10.2.0.1': ['one', 'two', 'ns_wide.web'] });
  await cluster.patch(
    'ClusterPanTagPolicy',
    { name: 'one' },
    { spec: { tags: [{ template: 'ns_shop.web' }] } },
  );
  await assertStalled('ClusterPanTagPolicy', { name: 'one' }, 'must not begin with ns_ or _');
  await cluster.remove('ClusterPanTagPolicy', { name: 'two' });
  await cluster.remove('PanTagPolicy', { namespace: 'wide', name: 'web' });
  await fw.holds({ '10.2.0.1': ['one', 'two'] });
  await cluster.remove('ClusterPanTagPolicy', { name: 'one' });
  await fw.holds({});
});

test('a selector that cannot be read any more selects neither all nor nothing: what it had given stays', async () => {
  const firewallNames = ['select'];
  const namespaceSelector = { matchLabels: { select: 'yes' } };
  await using fw = await stage.firewall({ name: 'select', foreignOn: ['10.4.0.1'], namespaceSelector });
  await cluster.createNamespace('select', { select: 'yes' });
  await cluster.createPod({ namespace: 'select', name: 'web-1', ips: ['10.4.0.1'] });
  for (const name of ['namespaces', 'pods', 'other']) {
    await stage.policy({ name }, { firewallNames, namespaceSelector, tags: [{ template: name }] });
  }
  await fw.holds({ '10.4.0.1': ['namespaces', 'other', 'pods'] });
  const later = { matchExpressions: [{ key: 'select', operator: 'Near', values: ['yes'] }] };
  const edit = (name: string, spec: object) => cluster.patch('ClusterPanTagPolicy', { name }, { spec });
  await edit('namespaces', { namespaceSelector: later });
  await edit('pods', { podSelector: later });
  for (const [name, field] of [
    ['namespaces', 'spec.namespaceSelector.matchExpressions[0].operator'],
    ['pods', 'spec.podSelector.matchExpressions[0].operator'],
  ] as const) {
    await assertStalled('ClusterPanTagPolicy', { name }, `${field}: must be one of In, NotIn`);
  }
  // Nor does any other cluster-wide tag go meanwhile; and no new Pod gets theirs.
  await cluster.remove('ClusterPanTagPolicy', { name: 'other' });
  await stage.policy({ namespace: 'select', name: 'own' }, { firewallNames, tags: [{ template: 'own' }] });
  await cluster.createPod({ namespace: 'select', name: 'web-2', ips: ['10.4.0.2'] });
  const kept = ['namespaces', 'ns_select.own', 'other', 'pods'];
  await fw.holds({ '10.4.0.1': kept, '10.4.0.2': ['ns_select.own'] });

  await cluster.patch('PanFirewall', { name: 'select' }, { spec: { namespaceSelector: later } });
  await assertStalled(
    'PanFirewall',
    { name: 'select' },
    'spec.namespaceSelector.matchExpressions[0].operator',
  );
  const { length: messages } = fw.messages();
  const selector = { matchExpressions: null, ...namespaceSelector };
  await edit('namespaces', { namespaceSelector: selector });
  await edit('pods', { podSelector: { matchExpressions: null } });
  await stage.says('ClusterPanTagPolicy', { name: 'pods' }, 'InvalidSpec');
  assert.equal(fw.messages().length, messages);
  await cluster.patch('PanFirewall', { name: 'select' }, { spec: { namespaceSelector: selector } });
  const given = ['namespaces', 'ns_select.own', 'pods'];
  await fw.holds({ '10.4.0.1': given, '10.4.0.2': given });
});

test('an invalid PanFirewall: nothing is sent until it is corrected, and its tags stay', async () => {
  const namespace = 'crooked';
  await using fw = await stage.firewall({ name: 'crooked', foreignOn: ['10.3.0.1'] });
  await using witness = await stage.firewall({ name: 'witness', foreignOn: [] });
  await cluster.createNamespace(namespace);
  await cluster.createPod({ namespace, name: 'web-1', ips: ['10.3.0.1'] });
  const policy = { namespace, name: 'web' };
  await stage.policy(policy, { firewallNames: ['crooked', 'witness'], tags: [{ template: 'web' }] });
  await fw.holds({ '10.3.0.1': ['ns_crooked.web'] });
  const { endpoint } = fw.simulator;
  await cluster.patch('PanFirewall', { name: 'crooked' }, { spec: { endpoint: `${endpoint}/api` } });
  await assertStalled('PanFirewall', { name: 'crooked' }, 'spec.endpoint: ');
  await stage.says('PanTagPolicy', policy, 'InvalidSpec');
  const { length: requests } = fw.simulator.log();
  await cluster.deletePod({ namespace, name: 'web-1' });
  await cluster.createPod({ namespace, name: 'web-2', ips: ['10.3.0.2'] });
  await witness.holds({ '10.3.0.2': ['ns_crooked.web'] });
  assert.deepEqual(fw.owned(), { '10.3.0.1': ['ns_crooked.web'] });
  assert.equal(fw.simulator.log().length, requests);
  await cluster.patch('PanFirewall', { name: 'crooked' }, { spec: { endpoint } });
  await fw.holds({ '10.3.0.2': ['ns_crooked.web'] });
  await stage.says('PanTagPolicy', policy, 'InSync');
});
