// Addresses that reach a firewall: those in its addressCIDRs, never some, and what becomes of them when the list is edited.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { waitFor } from '../harness/wait-for.ts';
import { openStage } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;
await stage.startOperator();

describe('addressCIDRs', { concurrency: 2 }, () => {
  test('choose the addresses firewall by firewall, and what is left out is counted', async () => {
    const namespace = 'choice';
    const policy = { namespace, name: 'web' };
    const addressCIDRs = ['10.1.0.0/24', 'fd00:1::/64'];
    await using narrow = await stage.firewall({
      name: 'narrow',
      foreignOn: ['10.1.0.1'],
      spec: { addressCIDRs },
    });
    await using any = await stage.firewall({ name: 'any', foreignOn: ['10.1.0.1'] });
    await cluster.createNamespace(namespace);
    await stage.policy(policy, { firewallNames: ['narrow', 'any'], tags: [{ template: 'web' }] });
    const pods = {
      inside: ['10.1.0.1', 'fd00:1::1'],
      half: ['10.1.0.2', 'fd00:1:0:1::2'],
      outside: ['10.1.1.3', 'fd00:2::3'],
      'never-1': ['127.0.0.1', '::1'],
      'never-2': ['169.254.10.1', 'fe80::1'],
      'never-3': ['192.0.2.1', 'ff02::1'],
      'never-4': ['224.0.0.1'],
      'never-5': ['255.255.255.255'],
    };
    await cluster.createPods(Object.entries(pods).map(([name, ips]) => ({ namespace, name, ips })));
    const table = (...addresses: string[]) =>
      Object.fromEntries(addresses.map((address) => [address, [`ns_${namespace}.web`]]));
    await narrow.holds(table('10.1.0.1', 'fd00:1::1', '10.1.0.2'));
    await any.holds(table(...pods.inside, ...pods.half, ...pods.outside));
    await stage.counts('PanTagPolicy', policy, (status) => {
      assert.deepEqual(status.skipped, [{ reason: 'OutsideCIDR', count: 7, example: 'half' }]);
      assert.deepEqual(
        status.firewalls?.map(({ name, registered }) => [name, registered]),
        [
          ['any', 6],
          ['narrow', 3],
        ],
      );
      assert.equal(status.pods, 8);
    });
    await stage.says('PanTagPolicy', policy, 'InSync');
  });

  test('that get narrower remove like a policy edit: guarded; Pods that end go at once; wider ones register at once', async () => {
    const namespace = 'edited';
    const name = 'edited';
    await using fw = await stage.firewall({
      name,
      foreignOn: ['10.2.0.1'],
      spec: { removalGuard: { percent: 0, minimum: 0 } },
    });
    await cluster.createNamespace(namespace);
    await stage.policy({ namespace, name: 'web' }, { firewallNames: [name], tags: [{ template: 'web' }] });
    const numbers = [1, 2, 3, 4];
    await cluster.createPods(numbers.map((i) => ({ namespace, name: `p-${i}`, ips: [`10.2.0.${i}`] })));
    const table = (...from: number[]) =>
      Object.fromEntries(from.map((i) => [`10.2.0.${i}`, [`ns_${namespace}.web`]]));
    await fw.holds(table(...numbers));
    const edit = (addressCIDRs: readonly string[] | null) =>
      cluster.patch('PanFirewall', { name }, { spec: { addressCIDRs } });
    const heldPlan = async (addresses: number): Promise<string> => {
      const read = async () => {
        const { status } = await cluster.get<{ status?: { tables?: readonly { held?: readonly Held[] }[] } }>(
          'PanFirewall',
          { name },
        );
        const held = status?.tables?.[0]?.held?.[0];
        return held?.addresses === addresses ? held : undefined;
      };
      return (await waitFor(read, { what: `a plan of ${addresses} addresses`, timeoutMs: 15_000 })).plan;
    };
    type Held = { readonly plan: string; readonly addresses: number };

    await edit(['10.2.0.1/32']);
    await stage.says('PanFirewall', { name }, 'RemovalsHeld');
    await heldPlan(3);
    await cluster.deletePod({ namespace, name: 'p-4' });
    await fw.holds(table(1, 2, 3));
    const { length: messages } = fw.messages();
    await edit(null);
    await stage.says('PanFirewall', { name }, 'InSync');
    assert.equal(fw.messages().length, messages, 'an undone edit sends nothing');
    await edit(['10.2.0.1/32']);
    const annotations = { 'pantag.io/approve-removals': await heldPlan(2) };
    await cluster.patch('PanFirewall', { name }, { metadata: { annotations } });
    await fw.holds(table(1));
    await edit(['10.2.0.0/30']);
    await fw.holds(table(1, 2, 3));
    await stage.says('PanFirewall', { name }, 'InSync');
  });

  test('with bits after their length are refused by the API server, which names the field and the fix', async () => {
    await using _ = await stage.firewall({ name: 'refused', foreignOn: [] });
    await assert.rejects(
      cluster.patch('PanFirewall', { name: 'refused' }, { spec: { addressCIDRs: ['10.20.3.4/16'] } }),
      /spec\.addressCIDRs\[0\]: .*has bits set after its length: write the network itself/,
    );
  });
});
