// Devices that fail in every way: each comes right again, nothing is removed in ignorance, and the others do not feel it.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { startTcpProxy } from '../harness/tcp-proxy.ts';
import type { Device } from './device.ts';
import { assertReadBeforeRemoval, fail, faults } from './fault-kinds.ts';
import { wasUnregistered } from './replay.ts';
import { openStage } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;
await stage.startOperator();

/** Changes Pods one by one, each to be seen on the live firewall soon, whatever the other one does. */
async function expectAtOnce(
  namespace: string,
  live: Device,
  block: number,
): Promise<Record<string, string[]>> {
  const expected: Record<string, string[]> = {};
  for (let n = 1; n <= 5; n++) {
    await cluster.createPod({ namespace, name: `web-${n}`, ips: [`10.${block}.0.${n}`] });
    expected[`10.${block}.0.${n}`] = [`ns_${namespace}.web`];
    await live.holds(expected, { timeoutMs: 2_000 });
  }
  return expected;
}

describe('a device', { concurrency: 10 }, () => {
  test('that refuses connections: the other firewall does not feel it, and it converges when it is back', async () => {
    const namespace = 'refused';
    await cluster.createNamespace(namespace);
    await using live = await stage.firewall({ name: 'refused-live', foreignOn: ['10.201.0.1'] });
    await using dead = await stage.firewall({ name: 'refused-dead', foreignOn: ['10.201.0.1'] });
    await using proxy = await startTcpProxy({ port: Number(new URL(dead.simulator.endpoint).port) });
    proxy.refuse();
    const endpoint = `https://127.0.0.1:${proxy.port}`;
    await cluster.patch('PanFirewall', { name: 'refused-dead' }, { spec: { endpoint } });
    const policy = { namespace, name: 'web' };
    await stage.policy(policy, {
      firewallNames: ['refused-live', 'refused-dead'],
      tags: [{ template: 'web' }],
    });
    const expected = await expectAtOnce(namespace, live, 201);
    await stage.says('PanFirewall', { name: 'refused-live' }, 'InSync');
    await stage.says('PanFirewall', { name: 'refused-dead' }, 'DeviceUnavailable');
    await stage.says('PanTagPolicy', policy, 'DeviceUnavailable');
    await stage.counts('PanTagPolicy', policy, ({ addresses, firewalls = [] }) =>
      assert.deepEqual(
        { addresses, firewalls: firewalls.map(({ name, state, registered }) => [name, state, registered]) },
        {
          addresses: 0,
          firewalls: [
            ['refused-dead', 'DeviceUnavailable', 0],
            ['refused-live', 'InSync', 5],
          ],
        },
      ),
    );
    await proxy.accept();
    await dead.holds(expected, { timeoutMs: 20_000 });
    await stage.says('PanTagPolicy', policy, 'InSync');
  });

  test('that is silent: not Ready after ten seconds without a confirmation, and the other does not feel it', async () => {
    const namespace = 'silent';
    await cluster.createNamespace(namespace);
    await using live = await stage.firewall({ name: 'silent-live', foreignOn: ['10.202.0.1'] });
    await using dead = await stage.firewall({ name: 'silent-dead', foreignOn: ['10.202.0.1'] });
    const policy = { namespace, name: 'web' };
    await stage.policy(policy, {
      firewallNames: ['silent-live', 'silent-dead'],
      tags: [{ template: 'web' }],
    });
    await stage.says('PanTagPolicy', policy, 'NoPods');
    dead.simulator.inject({ fault: 'hang' });
    const expected = await expectAtOnce(namespace, live, 202);
    await stage.says('PanTagPolicy', policy, 'Progressing', 15_000);
    await stage.says('PanFirewall', { name: 'silent-dead' }, 'Progressing');
    await stage.says('PanFirewall', { name: 'silent-live' }, 'InSync');
    dead.simulator.clearFaults();
    dead.simulator.reboot();
    await dead.holds(expected);
    await stage.says('PanTagPolicy', policy, 'InSync');
  });

  test('with two tables: one that fails does not delay the other, and converges when it works', async () => {
    const namespace = 'tables';
    await cluster.createNamespace(namespace);
    await using fw = await stage.firewall({
      name: namespace,
      foreignOn: ['10.203.0.1'],
      vsys: ['vsys1', 'vsys2'],
    });
    const policy = { namespace, name: 'web' };
    await stage.policy(policy, { firewallNames: [namespace], tags: [{ template: 'web' }] });
    await stage.says('PanTagPolicy', policy, 'NoPods');
    fw.simulator.inject({ fault: 'http-status', status: 503, on: 'message', vsys: 'vsys2' });
    const expected = await expectAtOnce(namespace, fw, 203);
    await stage.says('PanFirewall', { name: namespace }, 'DeviceUnavailable');
    // A table's state follows at the pace of counts, like what stands beside it.
    await stage.counts('PanFirewall', { name: namespace }, ({ tables = [] }) =>
      assert.deepEqual(
        tables.map(({ vsys, state }) => ({ vsys, state })),
        [
          { vsys: 'vsys1', state: 'InSync' },
          { vsys: 'vsys2', state: 'DeviceUnavailable' },
        ],
      ),
    );
    assert.deepEqual(fw.owned('vsys2'), {});
    fw.simulator.clearFaults();
    await fw.holds(expected, { vsys: 'vsys2', timeoutMs: 20_000 });
    await fw.holds(expected, { vsys: 'vsys1' });
    await stage.says('PanTagPolicy', policy, 'InSync');
  });

  test('that has several tables, of which none is named, gets nothing until they are', async () => {
    const namespace = 'unnamed';
    await cluster.createNamespace(namespace);
    await cluster.createPod({ namespace, name: 'web-1', ips: ['10.204.0.1'] });
    await stage.policy(
      { namespace, name: 'web' },
      { firewallNames: [namespace], tags: [{ template: 'web' }] },
    );
    await using fw = await stage.firewall({
      name: namespace,
      foreignOn: ['10.204.0.1'],
      vsys: ['vsys1', 'vsys2'],
      spec: { tables: undefined },
    });
    const { conditions = [] } = await stage.says('PanFirewall', { name: namespace }, 'InvalidSpec');
    assert.match(conditions[0]?.message ?? '', /several vsys: list the ones to register on in spec.tables/);
    assert.deepEqual(fw.messages(), []);
    const tables = [{ vsys: 'vsys2' }];
    await cluster.patch('PanFirewall', { name: namespace }, { spec: { tables } });
    await fw.holds({ '10.204.0.1': [`ns_${namespace}.web`] }, { vsys: 'vsys2' });
    assert.deepEqual(fw.owned('vsys1'), {});
    await stage.says('PanFirewall', { name: namespace }, 'InSync');
  });

  test('that refuses one address: it is named, the others go on, and an edit tries it again at once', async () => {
    const namespace = 'picky';
    await cluster.createNamespace(namespace);
    await using fw = await stage.firewall({ name: namespace, foreignOn: ['10.205.0.1', '10.205.0.2'] });
    fw.simulator.inject({ fault: 'reject', section: 'register', ip: '10.205.0.2', text: 'no room for it' });
    const policy = { namespace, name: 'web' };
    await stage.policy(policy, {
      firewallNames: [namespace],
      tags: [{ template: 'web' }, { labelKeys: ['try'] }],
    });
    for (const n of [1, 2, 3]) {
      await cluster.createPod({ namespace, name: `web-${n}`, ips: [`10.205.0.${n}`] });
    }
    const web = [`ns_${namespace}.web`];
    await fw.holds({ '10.205.0.1': web, '10.205.0.3': web });
    const { conditions = [] } = await stage.says('PanTagPolicy', policy, 'RegistrationRejected');
    assert.match(conditions[0]?.message ?? '', /picky: .*10\.205\.0\.2.*no room for it/);
    await stage.says('PanFirewall', { name: namespace }, 'RegistrationRejected');
    fw.simulator.clearFaults();
    await cluster.labelPod({ namespace, name: 'web-2' }, { try: 'again' });
    await fw.holds({
      '10.205.0.1': web,
      '10.205.0.2': [...web, `ns_${namespace}.try.again`],
      '10.205.0.3': web,
    });
    await stage.says('PanTagPolicy', policy, 'InSync');
  });

  test('that somebody else edits: our tags are repaired at the next full read, and theirs are left alone', async () => {
    const namespace = 'drift';
    await cluster.createNamespace(namespace);
    for (const n of [1, 2]) {
      await cluster.createPod({ namespace, name: `web-${n}`, ips: [`10.206.0.${n}`] });
    }
    await stage.policy(
      { namespace, name: 'web' },
      { firewallNames: [namespace], tags: [{ template: 'web' }] },
    );
    await using fw = await stage.firewall({
      name: namespace,
      foreignOn: ['10.206.0.1'],
      spec: { resync: { fullIntervalSeconds: 10 } },
    });
    const expected = { '10.206.0.1': [`ns_${namespace}.web`], '10.206.0.2': [`ns_${namespace}.web`] };
    await fw.holds(expected);
    const tag = `${fw.tagPrefix}ns_${namespace}.web`;
    fw.simulator.plant({
      remove: [{ ip: '10.206.0.1', tags: [tag] }, { ip: '10.206.0.2' }],
      add: [{ ip: '10.206.0.9', tags: [tag] }],
    });
    await fw.holds(expected, { timeoutMs: 15_000 });
  });

  for (const [i, [name, fault]] of Object.entries(faults).entries()) {
    test(`that, at the start, ${name}`, async () => {
      const namespace = `start-${i}`;
      const web = [`ns_${namespace}.web`];
      const [kept, fresh, gone] = [1, 2, 9].map((n) => `10.${i}.0.${n}`) as [string, string, string];
      await cluster.createNamespace(namespace);
      await cluster.createPod({ namespace, name: 'kept', ips: [kept] });
      await cluster.createPod({ namespace, name: 'fresh', ips: [fresh] });
      await stage.policy(
        { namespace, name: 'web' },
        { firewallNames: [namespace], tags: [{ template: 'web' }] },
      );
      let failing: Promise<void> | undefined;
      await using fw = await stage.firewall({
        name: namespace,
        foreignOn: [kept, gone],
        leftOver: { [kept]: [...web, `ns_${namespace}.old`], [gone]: web },
        prepare: (device) => {
          failing = fail(device, fault);
        },
      });
      await failing;
      await fw.holds({ [kept]: web, [fresh]: web });
      assertReadBeforeRemoval(fw);
      assert.ok(!wasUnregistered(fw.messages(), kept, `${fw.tagPrefix}${web[0]}`));
      await stage.says('PanFirewall', { name: namespace }, 'InSync');
      await stage.says('PanTagPolicy', { namespace, name: 'web' }, 'InSync');
    });

    test(`that, in operation, ${name}`, async () => {
      const namespace = `run-${i}`;
      const tags = (color: string) => [`ns_${namespace}.web`, `ns_${namespace}.color.${color}`];
      const [changed, gone, fresh] = [1, 2, 3].map((n) => `10.${100 + i}.0.${n}`) as [string, string, string];
      await cluster.createNamespace(namespace);
      await using fw = await stage.firewall({ name: namespace, foreignOn: [changed, gone] });
      await stage.policy(
        { namespace, name: 'web' },
        { firewallNames: [namespace], tags: [{ template: 'web' }, { labelKeys: ['color'] }] },
      );
      const pod = (name: string, ip: string) =>
        cluster.createPod({ namespace, name, ips: [ip], labels: { color: 'red' } });
      await Promise.all([pod('changed', changed), pod('gone', gone)]);
      await fw.holds({ [changed]: tags('red'), [gone]: tags('red') });

      const failing = fail(fw, fault);
      await Promise.all([
        cluster.labelPod({ namespace, name: 'changed' }, { color: 'blue' }),
        cluster.deletePod({ namespace, name: 'gone' }),
        pod('fresh', fresh),
      ]);
      await failing;
      await fw.holds({ [changed]: tags('blue'), [fresh]: tags('red') });
      assert.ok(!wasUnregistered(fw.messages(), changed, `${fw.tagPrefix}ns_${namespace}.web`));
      await stage.says('PanFirewall', { name: namespace }, 'InSync');
      await stage.says('PanTagPolicy', { namespace, name: 'web' }, 'InSync');
    });
  }
});
