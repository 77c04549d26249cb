// spec.peerEndpoint: of two Panoramas the active one is used, whichever it is and however that changes.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { Panorama } from '../../simulator/panorama/panorama.ts';
import { eventNotes } from './events.ts';
import { stagePair } from './panorama-pair.ts';
import { openStage, operatorNamespace } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;
await stage.startOperator();

let blocks = 0;

/** A namespace with Pods to come and go, and a policy for the PanFirewall of its name. */
async function setUp(name: string) {
  const block = ++blocks;
  const ip = (i: number) => `10.${block}.0.${i}`;
  await cluster.createNamespace(name);
  const policy = { namespace: name, name: 'web' };
  await stage.policy(policy, { firewallNames: [name], tags: [{ template: 'web' }] });
  return {
    policy,
    foreignOn: [ip(1)],
    table: (...numbers: number[]) => Object.fromEntries(numbers.map((i) => [ip(i), [`ns_${name}.web`]])),
    add: (i: number) => cluster.createPod({ namespace: name, name: `web-${i}`, ips: [ip(i)] }),
    remove: (i: number) => cluster.deletePod({ namespace: name, name: `web-${i}` }),
  };
}

const messagesTo = (panorama: Panorama): number =>
  panorama.log().filter(({ kind }) => kind === 'message').length;
const soon = { timeoutMs: 30_000 };

describe('an HA pair of Panoramas', { concurrency: 4 }, () => {
  test("the active one's own table is kept, there and back, and the passive one is sent nothing", async () => {
    const name = 'own-table';
    const { policy, foreignOn, table, add, remove } = await setUp(name);
    await add(1);
    await using pair = await stagePair(stage, { name, foreignOn });
    const [a, b] = pair.members;
    const [atA, atB] = pair.own;
    await atA.holds(table(1));
    const first = await stage.says('PanFirewall', { name }, 'InSync');
    assert.equal(messagesTo(b), 0);

    pair.failOver();
    await add(2);
    await atB.holds(table(1, 2), soon);
    await stage.says('PanTagPolicy', policy, 'InSync', 20_000);
    await stage.says('PanFirewall', { name }, 'InSync', 20_000);
    await stage.counts('PanFirewall', { name }, ({ device }) =>
      assert.notEqual(device?.serial, first.device?.serial),
    );

    const sent = messagesTo(a);
    await remove(1);
    await atB.holds(table(2), soon);
    assert.equal(messagesTo(a), sent);
    pair.failOver();
    await atA.holds(table(2), soon);
    await stage.says('PanFirewall', { name }, 'InSync', 20_000);
  });

  test('a failover that nothing else tells is noticed within the interval of the marker', async () => {
    const name = 'unnoticed';
    const { foreignOn, table, add } = await setUp(name);
    await add(1);
    await using pair = await stagePair(stage, { name, foreignOn });
    await pair.own[0].holds(table(1));
    await stage.says('PanFirewall', { name }, 'InSync');
    pair.failOver();
    await pair.own[1].holds(table(1), soon);
  });

  test('neither is active: nothing is sent, the message quotes both, and it goes on when one is', async () => {
    const name = 'neither';
    const { policy, foreignOn, table, add } = await setUp(name);
    await add(1);
    const prepare = ({ members }: { readonly members: readonly Panorama[] }) =>
      members.forEach((one, i) => one.setHa({ state: i === 0 ? 'primary-suspended' : 'secondary-passive' }));
    await using pair = await stagePair(stage, { name, foreignOn, prepare });
    const { conditions } = await stage.says('PanFirewall', { name }, 'DeviceUnavailable');
    assert.match(
      conditions?.[0]?.message ?? '',
      /HA state is primary-suspended.*HA state is secondary-passive/,
    );
    await stage.says('PanTagPolicy', policy, 'DeviceUnavailable');
    assert.deepEqual(pair.members.map(messagesTo), [0, 0]);
    pair.members[1].setHa({ state: 'secondary-active' });
    await pair.own[1].holds(table(1), { timeoutMs: 90_000 });
    await stage.says('PanTagPolicy', policy, 'InSync', 20_000);
    assert.match((await eventNotes(cluster, name, 'Recovered')).join(), /works again/);
  });

  test('both are out of reach, and then the second one alone is back', async () => {
    const name = 'gone';
    const { foreignOn, table, add } = await setUp(name);
    await add(1);
    await using pair = await stagePair(stage, { name, foreignOn });
    const [a, b] = pair.members;
    await pair.own[0].holds(table(1));
    pair.failOver();
    a.reboot({ downMs: 600_000 });
    b.reboot({ downMs: 4_000 });
    await add(2);
    await stage.says('PanFirewall', { name }, 'DeviceUnavailable');
    await pair.own[1].holds(table(1, 2), { timeoutMs: 90_000 });
    await stage.says('PanFirewall', { name }, 'InSync', 20_000);
  });

  test('with a login that both know, a key is generated on each only when it is needed', async () => {
    const name = 'login';
    const { foreignOn, table, add } = await setUp(name);
    await add(1);
    await using pair = await stagePair(stage, { name, foreignOn, credentials: 'login' });
    const keygens = () => pair.members.map((one) => one.log().filter(({ kind }) => kind === 'keygen').length);
    await pair.own[0].holds(table(1));
    assert.deepEqual(keygens(), [1, 0]);
    pair.failOver();
    await pair.own[1].holds(table(1), soon);
    assert.deepEqual(keygens(), [1, 1]);
  });

  test('a member that refuses its key is passed over for the active one, the status says so, and a mended Secret ends it', async () => {
    const name = 'refusing';
    const { policy, foreignOn, table, add } = await setUp(name);
    await add(1);
    const secret = { apiKey: 'revoked-long-ago' };
    const prepare = ({ failOver }: { readonly failOver: () => void }) => failOver();
    await using pair = await stagePair(stage, { name, foreignOn, secret, prepare });
    const [a] = pair.members;
    await pair.own[1].holds(table(1), soon);
    await stage.says('PanTagPolicy', policy, 'InSync', 20_000);
    const { conditions = [] } = await stage.says('PanFirewall', { name }, 'InSync', 20_000);
    const { message = '' } = conditions.find(({ type }) => type === 'Ready') ?? {};
    assert.match(
      message,
      /^the table is in sync; the HA pair has no usable standby, a failover would fail: https/,
    );
    assert.ok(message.includes(a.endpoint));

    await cluster.patch(
      'Secret',
      { namespace: operatorNamespace, name },
      { stringData: { apiKey: a.apiKey } },
    );
    await stage.counts('PanFirewall', { name }, (status) =>
      assert.equal(status.conditions?.find(({ type }) => type === 'Ready')?.message, 'the table is in sync'),
    );
    pair.failOver();
    await add(2);
    await pair.own[0].holds(table(1, 2), soon);
  });

  test('a Secret that binds its credentials to the endpoint alone sends none to the peer', async () => {
    const name = 'bound';
    const { foreignOn } = await setUp(name);
    await using pair = await stagePair(stage, { name, foreignOn, secret: { peerEndpoint: null } });
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
    const { foreignOn } = await setUp(name);
    await using fw = await stage.firewall({
      name,
      foreignOn,
      spec: { peerEndpoint: 'https://127.0.0.1:9' },
    });
    const { conditions } = await stage.says('PanFirewall', { name }, 'InvalidSpec');
    assert.match(conditions?.[0]?.message ?? '', /two PanFirewalls/);
    assert.deepEqual(fw.messages(), []);
  });
});
