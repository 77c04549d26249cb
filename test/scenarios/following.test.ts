// The firewall follows whatever changes in the cluster: Pods, their namespaces, policies and the firewalls themselves.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { openStage } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;
await stage.startOperator();

describe('the firewall follows', { concurrency: 3 }, () => {
  test('a Pod that gets its address, loses it, gets another one, and ends', async () => {
    await using fw = await stage.firewall({ name: 'addresses', foreignOn: ['10.1.0.1', 'fd00:1::1'] });
    const pod = { namespace: 'addresses', name: 'web-1' };
    const policy = { namespace: 'addresses', name: 'web' };
    await cluster.createNamespace('addresses');
    await stage.policy(policy, { firewallNames: ['addresses'], tags: [{ template: 'web' }] });
    await cluster.createPod(pod);
    await stage.counts('PanTagPolicy', policy, ({ skipped }) =>
      assert.deepEqual(skipped, [{ reason: 'NoAddress', count: 1, example: 'web-1' }]),
    );
    await fw.holds({});

    await cluster.setPodIps(pod, ['10.1.0.1', 'fd00:1:0:0::1']);
    await fw.holds({ '10.1.0.1': ['ns_addresses.web'], 'fd00:1::1': ['ns_addresses.web'] });
    await cluster.setPodIps(pod, []);
    await fw.holds({});
    await cluster.setPodIps(pod, ['10.1.0.2']);
    await fw.holds({ '10.1.0.2': ['ns_addresses.web'] });
    await cluster.setPodPhase(pod, 'Succeeded');
    await fw.holds({});
  });

  test('a Pod that drains keeps its tags until it is gone', async () => {
    await using fw = await stage.firewall({ name: 'draining', foreignOn: ['10.2.0.1'] });
    await cluster.createNamespace('draining');
    await stage.policy(
      { namespace: 'draining', name: 'all' },
      { firewallNames: ['draining'], tags: [{ template: 'web' }, { labelKeys: ['phase'] }] },
    );
    const pod = await cluster.createPod({ namespace: 'draining', name: 'web-1', ips: ['10.2.0.1'] });
    await fw.holds({ '10.2.0.1': ['ns_draining.web'] });
    await cluster.terminatePod(pod);
    // The label arrives after the deletionTimestamp: whoever shows it has seen that, too.
    await cluster.labelPod(pod, { phase: 'draining' });
    await fw.holds({ '10.2.0.1': ['ns_draining.web', 'ns_draining.phase.draining'] });
    await cluster.deletePod(pod);
    await fw.holds({});
  });

  test("a Pod's labels, in both directions", async () => {
    await using fw = await stage.firewall({ name: 'labels', foreignOn: ['10.3.0.1'] });
    await cluster.createNamespace('labels');
    await stage.policy(
      { namespace: 'labels', name: 'web' },
      {
        firewallNames: ['labels'],
        podSelector: { matchLabels: { app: 'web' } },
        tags: [{ template: 'tier.{{ labels.tier }}' }, { template: 'web' }],
      },
    );
    const pod = await cluster.createPod({ namespace: 'labels', name: 'web-1', ips: ['10.3.0.1'] });
    await cluster.labelPod(pod, { app: 'web' });
    await fw.holds({ '10.3.0.1': ['ns_labels.web'] });
    await cluster.labelPod(pod, { tier: 'gold' });
    await fw.holds({ '10.3.0.1': ['ns_labels.web', 'ns_labels.tier.gold'] });
    await cluster.labelPod(pod, { tier: 'silver' });
    await fw.holds({ '10.3.0.1': ['ns_labels.web', 'ns_labels.tier.silver'] });
    await cluster.labelPod(pod, { app: 'db' });
    await fw.holds({});
  });

  test("a namespace's labels, in both directions", async () => {
    await using fw = await stage.firewall({ name: 'namespaces', foreignOn: ['10.4.0.1'] });
    await cluster.createNamespace('zoned');
    await cluster.createPod({ namespace: 'zoned', name: 'web-1', ips: ['10.4.0.1'] });
    await stage.policy(
      { name: 'zones' },
      {
        firewallNames: ['namespaces'],
        namespaceSelector: { matchExpressions: [{ key: 'zone', operator: 'Exists' }] },
        tags: [{ template: "zone.{{ namespaceLabels['zone'] }}" }],
      },
    );
    const label = (zone: string | null) =>
      cluster.patch('Namespace', { name: 'zoned' }, { metadata: { labels: { zone } } });
    await stage.says('ClusterPanTagPolicy', { name: 'zones' }, 'NoPods');
    await fw.holds({});
    await label('dmz');
    await fw.holds({ '10.4.0.1': ['zone.dmz'] });
    await label('core');
    await fw.holds({ '10.4.0.1': ['zone.core'] });
    await label(null);
    await fw.holds({});
  });

  test("a policy's edit and its deletion, and no other policy's tags move", async () => {
    await using fw = await stage.firewall({ name: 'edits', foreignOn: ['10.5.0.1'] });
    const edited = { namespace: 'edits', name: 'web' };
    await cluster.createNamespace('edits');
    await cluster.createPod({ namespace: 'edits', name: 'web-1', ips: ['10.5.0.1'], labels: { app: 'web' } });
    await cluster.createPod({ namespace: 'edits', name: 'db-1', ips: ['10.5.0.2'], labels: { app: 'db' } });
    const firewallNames = ['edits'];
    await stage.policy({ namespace: 'edits', name: 'all' }, { firewallNames, tags: [{ template: 'all' }] });
    await stage.policy(edited, {
      firewallNames,
      podSelector: { matchLabels: { app: 'web' } },
      tags: [{ template: 'one' }, { template: 'two' }],
    });
    await fw.holds({
      '10.5.0.1': ['ns_edits.all', 'ns_edits.one', 'ns_edits.two'],
      '10.5.0.2': ['ns_edits.all'],
    });
    await cluster.patch('PanTagPolicy', edited, {
      spec: { tags: [{ template: 'two' }, { template: 'three' }] },
    });
    await fw.holds({
      '10.5.0.1': ['ns_edits.all', 'ns_edits.two', 'ns_edits.three'],
      '10.5.0.2': ['ns_edits.all'],
    });
    await cluster.patch('PanTagPolicy', edited, { spec: { podSelector: { matchLabels: { app: 'db' } } } });
    await fw.holds({
      '10.5.0.1': ['ns_edits.all'],
      '10.5.0.2': ['ns_edits.all', 'ns_edits.two', 'ns_edits.three'],
    });
    await stage.says('PanTagPolicy', edited, 'InSync');
    await cluster.remove('PanTagPolicy', edited);
    await fw.holds({ '10.5.0.1': ['ns_edits.all'], '10.5.0.2': ['ns_edits.all'] });
  });

  test("a firewall's labels under a firewallSelector", async () => {
    await using fw = await stage.firewall({ name: 'labelled', foreignOn: ['10.6.0.1'] });
    await cluster.createNamespace('labelled');
    await cluster.createPod({ namespace: 'labelled', name: 'web-1', ips: ['10.6.0.1'] });
    const policy = { namespace: 'labelled', name: 'north' };
    await stage.policy(policy, {
      firewallSelector: { matchLabels: { site: 'north' } },
      tags: [{ template: 'web' }],
    });
    await stage.says('PanTagPolicy', policy, 'FirewallMissing');
    const label = (site: string) =>
      cluster.patch('PanFirewall', { name: 'labelled' }, { metadata: { labels: { site } } });
    await label('north');
    await fw.holds({ '10.6.0.1': ['ns_labelled.web'] });
    await stage.says('PanTagPolicy', policy, 'InSync');
    await label('south');
    await fw.holds({});
    await stage.says('PanTagPolicy', policy, 'FirewallMissing');
  });

  test("a firewall's namespaceSelector: what it does not admit is told NotAdmitted, and taken off", async () => {
    const admitsProd = { matchLabels: { env: 'prod' } };
    await using fw = await stage.firewall({
      name: 'choosy',
      namespaceSelector: admitsProd,
      foreignOn: ['10.7.0.1'],
    });
    await cluster.createNamespace('choosy-dev', { env: 'dev' });
    await cluster.createNamespace('choosy-prod', { env: 'prod' });
    for (const [i, namespace] of ['choosy-dev', 'choosy-prod'].entries()) {
      await cluster.createPod({ namespace, name: 'web-1', ips: [`10.7.0.${i + 1}`] });
      await stage.policy(
        { namespace, name: 'web' },
        { firewallNames: ['choosy'], tags: [{ template: 'web' }] },
      );
    }
    const dev = { namespace: 'choosy-dev', name: 'web' };
    await fw.holds({ '10.7.0.2': ['ns_choosy-prod.web'] });
    const { conditions = [] } = await stage.says('PanTagPolicy', dev, 'NotAdmitted');
    assert.match(conditions[0]?.message ?? '', /choosy: .*namespaceSelector.*choosy-dev/);
    await stage.says('PanTagPolicy', { namespace: 'choosy-prod', name: 'web' }, 'InSync');

    const edit = (namespaceSelector: object) =>
      cluster.patch('PanFirewall', { name: 'choosy' }, { spec: { namespaceSelector } });
    await edit({ matchLabels: { env: null } });
    await fw.holds({ '10.7.0.1': ['ns_choosy-dev.web'], '10.7.0.2': ['ns_choosy-prod.web'] });
    await stage.says('PanTagPolicy', dev, 'InSync');
    await edit(admitsProd);
    await fw.holds({ '10.7.0.2': ['ns_choosy-prod.web'] });
    await stage.says('PanTagPolicy', dev, 'NotAdmitted');
  });

  test('firewalls that come and go: FirewallMissing appears and heals, the others go on', async () => {
    await using first = await stage.firewall({ name: 'here', foreignOn: ['10.8.0.1'] });
    await cluster.createNamespace('missing');
    await cluster.createPod({ namespace: 'missing', name: 'web-1', ips: ['10.8.0.1'] });
    const policy = { namespace: 'missing', name: 'web' };
    await stage.policy(policy, { firewallNames: ['here', 'there'], tags: [{ template: 'web' }] });
    await first.holds({ '10.8.0.1': ['ns_missing.web'] });
    const missing = await stage.says('PanTagPolicy', policy, 'FirewallMissing');
    assert.match(missing.conditions?.[0]?.message ?? '', /there: there is no PanFirewall of this name/);
    await stage.counts('PanTagPolicy', policy, ({ firewalls = [] }) =>
      assert.deepEqual(
        firewalls.map(({ name, state, registered }) => ({ name, state, registered })),
        [
          { name: 'here', state: 'InSync', registered: 1 },
          { name: 'there', state: 'FirewallMissing', registered: 0 },
        ],
      ),
    );
    await using second = await stage.firewall({ name: 'there', foreignOn: ['10.8.0.1'] });
    await second.holds({ '10.8.0.1': ['ns_missing.web'] });
    await stage.says('PanTagPolicy', policy, 'InSync');
    await cluster.remove('PanFirewall', { name: 'there' });
    await stage.says('PanTagPolicy', policy, 'FirewallMissing');
    await first.holds({ '10.8.0.1': ['ns_missing.web'] });
  });
});
