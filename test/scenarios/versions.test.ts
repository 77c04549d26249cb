// Releases of PAN-OS: old ones are kept equal by what they know, those that are too old are told and left alone.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { eventNotes } from './events.ts';
import { ask } from './firewall-requests.ts';
import { stageFleet } from './panorama.ts';
import { openStage, type StagedDevice } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;
await stage.startOperator();

let blocks = 0;

/** A firewall of this release, a policy of the same name for it, and some Pods. */
async function setUp(name: string, swVersion: string, pods: number) {
  const block = ++blocks;
  const ips = Array.from({ length: pods }, (_, i) => `10.${block}.${i >> 8}.${i & 255}`);
  await cluster.createNamespace(name);
  await cluster.createPods(ips.map((ip, i) => ({ namespace: name, name: `web-${i}`, ips: [ip] })));
  const policy = { namespace: name, name: 'web' };
  await stage.policy(policy, { firewallNames: [name], tags: [{ template: 'web' }] });
  const fw = await stage.firewall({ name, foreignOn: ips.slice(0, 1), identity: { swVersion } });
  const table = (from = 0) => Object.fromEntries(ips.slice(from).map((ip) => [ip, [`ns_${name}.web`]]));
  return { fw, policy, table };
}

const timeouts = ({ simulator }: StagedDevice) =>
  Object.values(simulator.tables()).flatMap((table) =>
    Object.values(table).filter(({ expiresIn }) => expiresIn !== undefined),
  );

describe('a firewall', { concurrency: 4 }, () => {
  for (const swVersion of ['8.0.20', '8.1.25-h3', '9.0.16', '10.1.14-h4']) {
    test(`with PAN-OS ${swVersion} is kept equal, over several pages`, async () => {
      const name = `release-${swVersion.replaceAll('.', '-')}`;
      const { fw, policy, table } = await setUp(name, swVersion, 510);
      await fw.holds(table(), { timeoutMs: 30_000 });
      const { device } = await stage.says('PanFirewall', { name }, 'InSync', 20_000);
      assert.equal(device?.swVersion, swVersion);
      await cluster.deletePod({ namespace: name, name: 'web-0' });
      await fw.holds(table(1));
      const last = Object.keys(table())
        .slice(-1)
        .map((ip) => ({ ip, tags: [`k8s-prod.ns_${name}.web`] }));
      fw.simulator.plant({ remove: last });
      await ask(cluster, name, 'resync', 'now');
      await fw.holds(table(1), { timeoutMs: 30_000 });
      await stage.says('PanTagPolicy', policy, 'InSync', 20_000);
      assert.deepEqual(timeouts(fw), []);
    });
  }

  test('with PAN-OS 7.1 is told and left alone, and taken up when it is upgraded', async () => {
    const name = 'release-old';
    const { fw, policy, table } = await setUp(name, '7.1.26', 2);
    const { conditions } = await stage.says('PanFirewall', { name }, 'UnsupportedVersion');
    assert.match(conditions?.[0]?.message ?? '', /PAN-OS "7\.1\.26".*nothing is written.*upgrade it to 8\.0/);
    await stage.says('PanTagPolicy', policy, 'UnsupportedVersion');
    assert.match(
      (await eventNotes(cluster, name, 'UnsupportedVersion'))[0] ?? '',
      /upgrade it to 8\.0 or newer/,
    );
    assert.deepEqual(fw.messages(), []);
    assert.deepEqual(fw.marks(), []);

    fw.simulator.reboot({ swVersion: '8.1.25' });
    // What is edited is tried at once.
    await cluster.patch('PanFirewall', { name }, { spec: { purgeTimeoutSeconds: 301 } });
    await fw.holds(table(), { timeoutMs: 20_000 });
    await stage.says('PanTagPolicy', policy, 'InSync', 20_000);
  });

  test('behind a Panorama is told for itself alone', async () => {
    const name = 'release-mixed';
    await cluster.createNamespace(name);
    await cluster.createPod({ namespace: name, name: 'web', ips: ['10.250.0.1'] });
    await stage.policy(
      { namespace: name, name: 'web' },
      { firewallNames: [name], tags: [{ template: 'web' }] },
    );
    await using fleet = await stageFleet(stage, {
      name,
      firewalls: [
        { serial: '0001', swVersion: '7.1.26' },
        { serial: '0002', swVersion: '8.1.25' },
      ],
      foreignOn: ['10.250.0.1'],
      spec: { tables: [{ serial: '0001' }, { serial: '0002' }] },
    });
    await fleet.at('0002').holds({ '10.250.0.1': [`ns_${name}.web`] });
    await stage.says('PanFirewall', { name }, 'UnsupportedVersion');
    await stage.counts('PanFirewall', { name }, ({ tables = [] }) =>
      assert.deepEqual(
        tables.map(({ state }) => state),
        ['UnsupportedVersion', 'InSync'],
      ),
    );
    assert.deepEqual([fleet.messagesTo('0001'), fleet.at('0001').marks()], [[], []]);
  });
});
