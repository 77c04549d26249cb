// Events as users see them: one for an outage, what is a policy's own doing, and none that an operator waits for.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { KubernetesObject } from '../harness/api-client.ts';
import type { Manifest } from '../harness/objects.ts';
import { waitFor } from '../harness/wait-for.ts';
import { kubectl } from './columns.ts';
import { ask } from './firewall-requests.ts';
import { ask as probe, metricValue } from './probes.ts';
import { openStage, operatorNamespace } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;
let operator = await stage.startOperator();

type Event = KubernetesObject & {
  readonly reason: string;
  readonly note: string;
  readonly type: string;
  readonly regarding: { readonly kind: string; readonly name: string };
};

/** `<kind>/<name> <reason>` of the Events about these objects, sorted. */
async function toldOf(names: readonly string[]): Promise<string[]> {
  const events = await cluster.list<Event>('Event');
  return events
    .filter(({ regarding }) => names.includes(regarding.name))
    .map(({ regarding, reason }) => `${regarding.kind}/${regarding.name} ${reason}`)
    .sort();
}

function untilTold(names: readonly string[], expected: readonly string[]): Promise<unknown> {
  const look = async () => {
    assert.deepEqual(await toldOf(names), expected.toSorted());
    return true;
  };
  return waitFor(look, { what: `the Events of ${names.join(', ')}`, timeoutMs: 30_000 });
}

async function eventOf(name: string, reason: string): Promise<Event> {
  const events = await cluster.list<Event>('Event');
  const found = events.find((event) => event.regarding.name === name && event.reason === reason);
  assert.ok(found, `${reason} of ${name}`);
  return found;
}

const outageMs = 60_000;

test('an outage over two tables and seven policies is one Event, also over a restart; its end is another', async () => {
  const name = 'edge-a';
  await using fw = await stage.firewall({ name, foreignOn: ['10.1.0.1'], vsys: ['vsys1', 'vsys2'] });
  const namespaces = ['shop', 'stock', 'lab'];
  const policies = namespaces.flatMap((namespace) =>
    ['one', 'two'].map((tag) => ({ namespace, name: `${namespace}-${tag}` })),
  );
  for (const [i, namespace] of namespaces.entries()) {
    await cluster.createNamespace(namespace);
    await cluster.createPod({ namespace, name: 'p', ips: [`10.1.0.${i + 1}`] });
  }
  for (const policy of policies)
    await stage.policy(policy, { firewallNames: [name], tags: [{ template: 'a' }] });
  const ofAll = { name: 'all' };
  await stage.policy(ofAll, {
    firewallNames: [name],
    namespaceSelector: {},
    tags: [{ template: 'all' }],
  });
  const allSay = async (reason: string) => {
    await stage.says('PanFirewall', { name }, reason, outageMs);
    for (const policy of policies) await stage.says('PanTagPolicy', policy, reason, outageMs);
    await stage.says('ClusterPanTagPolicy', ofAll, reason, outageMs);
  };
  await allSay('InSync');
  const names = [name, 'all', ...policies.map((policy) => policy.name)];
  const ready = [
    'ClusterPanTagPolicy/all Ready',
    ...policies.map((policy) => `PanTagPolicy/${policy.name} Ready`),
  ];
  await untilTold(names, ready);

  fw.simulator.inject({ fault: 'http-status', status: 503 });
  await cluster.createPod({ namespace: 'shop', name: 'late', ips: ['10.1.0.9'] });
  await allSay('DeviceUnavailable');
  await untilTold(names, [...ready, `PanFirewall/${name} DeviceUnavailable`]);

  await operator.stop();
  operator = await stage.startOperator();
  await operator.waitForLog(({ msg }) => msg === 'device failed', 30_000);
  fw.simulator.clearFaults();
  await allSay('InSync');
  await untilTold(names, [
    ...ready,
    `PanFirewall/${name} DeviceUnavailable`,
    `PanFirewall/${name} Recovered`,
  ]);
  const outage = await eventOf(name, 'DeviceUnavailable');
  assert.equal(outage.metadata.namespace, 'default');
  assert.equal(outage.type, 'Warning');
  assert.match(outage.note, /503/);

  const described = await kubectl(stage.plane.kubeconfig, 'describe', 'panfw', name);
  const listed = await kubectl(stage.plane.kubeconfig, 'get', 'events', '-A', '--no-headers');
  if (described !== undefined && listed !== undefined) {
    assert.match(described, /Warning +DeviceUnavailable .*pantag.io\/pan-tag-operator.*503/);
    assert.match(described, /Normal +Recovered /);
    assert.match(listed, /^default +\S+ +Warning +DeviceUnavailable +panfirewall\/edge-a /m);
    assert.match(listed, /^shop +\S+ +Normal +Ready +pantagpolicy\/shop-one +registered on edge-a/m);
  }
});

test('a policy tells what is its own doing, and that it is Ready again', async () => {
  const name = 'edge-b';
  const policy = { namespace: 'own', name: 'own-web' };
  const own = `PanTagPolicy/${policy.name}`;
  await cluster.createNamespace('own');
  await cluster.createPod({ namespace: 'own', name: 'p', ips: ['10.2.0.1'] });
  await stage.policy(policy, { firewallNames: [name], tags: [{ template: 'web' }] });
  await stage.says('PanTagPolicy', policy, 'FirewallMissing');
  await untilTold([policy.name], [`${own} NotReady`]);
  const { note } = await eventOf(policy.name, 'NotReady');
  assert.match(note, /^FirewallMissing: edge-b: there is no PanFirewall of this name/);

  await using fw = await stage.firewall({ name, foreignOn: [] });
  await fw.holds({ '10.2.0.1': ['ns_own.web'] });
  await stage.says('PanTagPolicy', policy, 'InSync');
  await untilTold([policy.name], [`${own} NotReady`, `${own} Ready`]);

  // A grant that is withdrawn is one more of its own; the firewall has nothing to tell.
  const select = (matchLabels: object) =>
    cluster.patch('PanFirewall', { name }, { spec: { namespaceSelector: { matchLabels } } });
  await select({ team: 'nobody' });
  await stage.says('PanTagPolicy', policy, 'NotAdmitted');
  await untilTold([policy.name, name], [`${own} NotReady`, `${own} NotReady`, `${own} Ready`]);
});

test('held removals, their release, and a changed Secret are told', async () => {
  const name = 'edge-c';
  const policy = { namespace: 'held', name: 'held-web' };
  await using fw = await stage.firewall({
    name,
    foreignOn: [],
    spec: { removalGuard: { percent: 0, minimum: 0 } },
  });
  await cluster.createNamespace('held');
  // Up for long: after the restart it is no new holder of its address.
  const networkReadyAt = new Date(Date.now() - 60_000);
  await cluster.createPod({ namespace: 'held', name: 'p', ips: ['10.3.0.1'], networkReadyAt });
  const tags = (...templates: string[]) => ({
    firewallNames: [name],
    podSelector: {},
    tags: templates.map((template) => ({ template })),
  });
  await stage.policy(policy, tags('a', 'b'));
  await fw.holds({ '10.3.0.1': ['ns_held.a', 'ns_held.b'] });
  await cluster.patch('PanTagPolicy', policy, { spec: tags('a') });
  await stage.says('PanFirewall', { name }, 'RemovalsHeld');
  const firewall = `PanFirewall/${name}`;
  await untilTold([name], [`${firewall} RemovalsHeld`]);
  const { note } = await eventOf(name, 'RemovalsHeld');
  const [, plan = ''] = /approve-removals=(\w+)/.exec(note) ?? [];
  // The same plan is held again after a restart, and that is no news.
  await operator.stop();
  operator = await stage.startOperator();
  await operator.waitForLog(({ msg, ['firewall']: of }) => msg === 'table read' && of === name, 30_000);
  await ask(cluster, name, 'approve-removals', plan);
  await fw.holds({ '10.3.0.1': ['ns_held.a'] });
  await untilTold([name], [`${firewall} RemovalsHeld`, `${firewall} RemovalsReleased`]);

  const ca = Buffer.from(`${fw.simulator.caPem}\n${fw.simulator.caPem}`).toString('base64');
  await cluster.patch('Secret', { namespace: operatorNamespace, name }, { data: { 'ca.crt': ca } });
  await untilTold(
    [name],
    [`${firewall} RemovalsHeld`, `${firewall} RemovalsReleased`, `${firewall} CredentialsReloaded`],
  );
});

test('a lost table is told, and a rival each time it comes', async () => {
  const name = 'edge-e';
  const resync = { fullIntervalSeconds: 900, markerIntervalSeconds: 5 };
  await using fw = await stage.firewall({ name, foreignOn: [], spec: { resync } });
  await cluster.createNamespace('lost');
  await cluster.createPod({ namespace: 'lost', name: 'p', ips: ['10.5.0.1'] });
  await stage.policy(
    { namespace: 'lost', name: 'lost-web' },
    { firewallNames: [name], tags: [{ template: 'web' }] },
  );
  await fw.holds({ '10.5.0.1': ['ns_lost.web'] });
  await stage.says('PanFirewall', { name }, 'InSync');
  fw.simulator.plant({ remove: fw.marks().map((tag) => ({ ip: '192.0.2.1', tags: [tag] })) });
  const firewall = `PanFirewall/${name}`;
  await untilTold([name], [`${firewall} TableLost`]);
  await stage.says('PanFirewall', { name }, 'InSync', 20_000);

  const rival = [{ ip: '192.0.2.1', tags: ['k8s-prod._owner.bbbbbbbbbbbb'] }];
  const told = [`${firewall} TableLost`];
  for (let times = 1; times <= 2; times += 1) {
    fw.simulator.plant({ add: rival });
    await stage.says('PanFirewall', { name }, 'OwnershipConflict', 20_000);
    told.push(`${firewall} OwnershipConflict`);
    await untilTold([name], told);
    fw.simulator.plant({ remove: rival });
    await stage.says('PanFirewall', { name }, 'InSync', 20_000);
  }
});

test('a policy that selects nothing, and annotations that cannot be acted on, are told', async () => {
  const name = 'edge-f';
  const policy = { namespace: 'empty', name: 'empty-web' };
  await using fw = await stage.firewall({ name, foreignOn: [] });
  await cluster.createNamespace('empty');
  await cluster.createPod({ namespace: 'empty', name: 'p', labels: { app: 'web' }, ips: ['10.6.0.1'] });
  const select = (app: string) => ({
    firewallNames: [name],
    podSelector: { matchLabels: { app } },
    tags: [{ template: 'web' }],
  });
  await stage.policy(policy, select('wbe'));
  const { conditions = [] } = await stage.says('PanTagPolicy', policy, 'NoPods');
  assert.match(conditions[0]?.message ?? '', /asks for app=wbe; the Pods in namespace empty have app=web\./);
  const own = `PanTagPolicy/${policy.name}`;
  await untilTold([policy.name], [`${own} NoPods`]);
  assert.equal((await eventOf(policy.name, 'NoPods')).type, 'Warning');
  await cluster.patch('PanTagPolicy', policy, { spec: select('web') });
  await fw.holds({ '10.6.0.1': ['ns_empty.web'] });
  await stage.says('PanTagPolicy', policy, 'InSync');
  await untilTold([policy.name], [`${own} NoPods`, `${own} Ready`]);

  await ask(cluster, name, 'approve-removals', 'beef');
  await untilTold([name], [`PanFirewall/${name} InvalidAnnotation`]);
  assert.match((await eventOf(name, 'InvalidAnnotation')).note, /no table holds a plan "beef"/);
});

/** Rights that are withdrawn hold on for a moment, in the API server's cache. */
async function mayWriteEvents(): Promise<boolean> {
  const user = `system:serviceaccount:${operatorNamespace}:pan-tag-operator`;
  const resourceAttributes = {
    group: 'events.k8s.io',
    resource: 'events',
    verb: 'create',
    namespace: 'mute',
  };
  const { status } = await cluster.request<{ readonly status: { readonly allowed: boolean } }>(
    'POST',
    '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user, resourceAttributes },
    },
  );
  return status.allowed;
}

test('an operator that may not write Events works on, and says so once', async () => {
  const name = 'edge-d';
  await using fw = await stage.firewall({ name, foreignOn: [] });
  const role = await cluster.get<Manifest & { readonly rules: readonly { readonly resources: string[] }[] }>(
    'ClusterRole',
    { name: 'pan-tag-operator' },
  );
  const rules = role.rules.filter(({ resources }) => !resources.includes('events'));
  assert.notEqual(rules.length, role.rules.length);
  await cluster.patch('ClusterRole', { name: 'pan-tag-operator' }, { rules });
  await waitFor(async () => !(await mayWriteEvents()), { what: 'the right to be gone' });
  await cluster.createNamespace('mute');
  await cluster.createPod({ namespace: 'mute', name: 'p', ips: ['10.4.0.1'] });
  const refused = async () => {
    const { text } = await probe(operator, '/metrics');
    return metricValue(text, 'pantag_reconcile_errors_total', { reason: 'EventWrite' });
  };
  for (const policy of ['mute-a', 'mute-b'].map((tag) => ({ namespace: 'mute', name: tag }))) {
    const before = (await refused()) ?? 0;
    await stage.policy(policy, { firewallNames: [name], tags: [{ template: policy.name }] });
    await stage.says('PanTagPolicy', policy, 'InSync');
    await waitFor(async () => ((await refused()) ?? 0) > before, { what: 'the refusal', timeoutMs: 20_000 });
  }
  await fw.holds({ '10.4.0.1': ['ns_mute.mute-a', 'ns_mute.mute-b'] });
  const warnings = operator.logs().filter((line) => line['level'] === 'warn' && line.msg === 'event refused');
  assert.equal(warnings.length, 1, JSON.stringify(warnings));
  assert.match(JSON.stringify(warnings[0]), /events.k8s.io/);
  await stage.applyFile('deploy/rbac.yaml');
});
