// spec.peerEndpoint: of two Panoramas the active one is used, whichever it is and however that changes.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { Panorama } from '../../simulator/panorama/panorama.ts';
import { eventNotes } from './events.ts';
import { holds, stagePair } from './panorama-pair.ts';
import { openStage } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;
await stage.startOperator();

let blocks = 0;

/** A namespace with Pods to come and go, and a policy for the PanFirewall of its name. */
async function setUp(name: string) {
  const block = ++blocks;
  const ip = (i: number) => `10.${block}.0.${i}`;
  const ips = (...numbers: number[]) => numbers.map(ip);
  await cluster.createNamespace(name);
  const policy = { namespace: name, name: 'web' };
  await stage.policy(policy, { firewallNames: [name], tags: [{ template: 'web' }] });
  return {
    policy,
    tag: `ns_${name}.web`,
    ips,
    add: (i: number) => cluster.createPod({ namespace: name, name: `web-${i}`, ips: [ip(i)] }),
    remove: (i: number) => cluster.deletePod({ namespace: name, name: `web-${i}` }),
  };
}

const messagesTo = (panorama: Panorama): number =>
  panorama.log().filter(({ kind }) => kind === 'message').length;

describe('an HA pair of Panoramas', { concurrency: 4 }, () => {
  test("the active one's own table is kept, there and back, and the passive one is sent nothing", async () => {
    const name = 'own-table';
    const { policy, tag, ips, add, remove } = await setUp(name);
    await add(1);
    await using pair = await stagePair(stage, { name });
    const [a, b] = pair.members;
    await holds(a, tag, ips(1));
    const first = await stage.says('PanFirewall', { name }, 'InSync');
    assert.equal(messagesTo(b), 0);

    pair.failOver();
    await add(2);
    await holds(b, tag, ips(1, 2));
    await stage.says('PanTagPolicy', policy, 'InSync', 20_000);
    await stage.says('PanFirewall', { name }, 'InSync', 20_000);
    await stage.counts('PanFirewall', { name }, ({ device }) =>
      assert.notEqual(device?.serial, first.device?.serial),
    );

    const sent = messagesTo(a);
    await remove(1);
    await holds(b, tag, ips(2));
    assert.equal(messagesTo(a), sent);
    pair.failOver();
    await holds(a, tag, ips(2), 30_000);
    await stage.says('PanFirewall', { name }, 'InSync', 20_000);
  });

  test('a failover that nothing else tells is noticed within the interval of the marker', async () => {
    const name = 'unnoticed';
    const { tag, ips, add } = await setUp(name);
    await add(1);
    await using pair = await stagePair(stage, { name });
    await holds(pair.members[0], tag, ips(1));
    await stage.says('PanFirewall', { name }, 'InSync');
    pair.failOver();
    await holds(pair.members[1], tag, ips(1));
  });

  test('neither is active: nothing is sent, the message quotes both, and it goes on when one is', async () => {
    const name = 'neither';
    const { policy, tag, ips, add } = await setUp(name);
    await add(1);
    const prepare = ({ members }: { readonly members: readonly Panorama[] }) =>
      members.forEach((one, i) => one.setHa({ state: i === 0 ? 'primary-suspended' : 'secondary-passive' }));
    await using pair = await stagePair(stage, { name, prepare });
    const { conditions } = await stage.says('PanFirewall', { name }, 'DeviceUnavailable');
    assert.match(conditions?.[0]?.message ?? '', /it says primary-suspended.*it says secondary-passive/);
    await stage.says('PanTagPolicy', policy, 'DeviceUnavailable');
    assert.deepEqual(pair.members.map(messagesTo), [0, 0]);
    pair.members[1].setHa({ state: 'secondary-active' });
    await holds(pair.members[1], tag, ips(1), 60_000);
    await stage.says('PanTagPolicy', policy, 'InSync', 20_000);
    assert.match((await eventNotes(cluster, name, 'Recovered')).join(), /works again/);
  });

  test('both are out of reach, and then the second one alone is back', async () => {
    const name = 'gone';
    const { tag, ips, add } = await setUp(name);
    await add(1);
    await using pair = await stagePair(stage, { name });
    const [a, b] = pair.members;
    await holds(a, tag, ips(1));
    pair.failOver();
    a.reboot({ downMs: 600_000 });
    b.reboot({ downMs: 4_000 });
    await add(2);
    await stage.says('PanFirewall', { name }, 'DeviceUnavailable');
    await holds(b, tag, ips(1, 2), 60_000);
    await stage.says('PanFirewall', { name }, 'InSync', 20_000);
  });

  test('a Secret that binds its credentials to the endpoint alone sends none to the peer', async () => {
    const name = 'bound';
    await setUp(name);
    await using pair = await stagePair(stage, { name, secret: { peerEndpoint: null } });
    const { conditions } = await stage.says('PanFirewall', { name }, 'SecretMissing');
    assert.match(
      conditions?.[0]?.message ?? '',
      /the key "peerEndpoint" of Secret bound must equal spec.peerEndpoint/,
    );
    assert.deepEqual(
      pair.members.map((one) => one.log().length),
      [0, 0],
    );
  });

  test('firewalls are no pair for it', async () => {
    const name = 'firewalls';
    await setUp(name);
    await using fw = await stage.firewall({
      name,
      foreignOn: [],
      spec: { peerEndpoint: 'https://127.0.0.1:9' },
    });
    const { conditions } = await stage.says('PanFirewall', { name }, 'InvalidSpec');
    assert.match(conditions?.[0]?.message ?? '', /two PanFirewalls/);
    assert.deepEqual(fw.messages(), []);
  });
});
