// An HA pair of firewalls is two PanFirewalls: a passive member that refuses is nobody's failure, and follows a failover.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { KubernetesObject } from '../harness/api-client.ts';
import { waitFor } from '../harness/wait-for.ts';
import { type Owned } from './device.ts';
import { openStage, type StagedDevice } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;
await stage.startOperator();

type Pair = Readonly<Record<'a' | 'b', StagedDevice>>;
let blocks = 0;

/** Sets which of the two is active; 'neither': both are passive. */
function activate(pair: Pair, active: 'a' | 'b' | 'neither'): void {
  for (const name of ['a', 'b'] as const) {
    const state = name === active ? 'active' : 'passive';
    pair[name].simulator.setHa({ state, peerState: state === 'active' ? 'passive' : 'active' });
  }
}

/** Two firewalls `<name>-a` (active) and `<name>-b`, a policy for both, and one Pod. */
async function setUp(name: string, whenPassive: 'accept' | 'deny') {
  const block = ++blocks;
  const ip = (i: number) => `10.${block}.0.${i}`;
  const pod = (i: number) => ({ namespace: name, name: `web-${i}`, ips: [ip(i)] });
  const options = { foreignOn: [ip(1)], settings: { whenPassive } };
  const spec = { resync: { markerIntervalSeconds: 5 } };
  const prepare =
    (state: string) =>
    ({ simulator }: Pick<StagedDevice, 'simulator'>) =>
      simulator.setHa({ state });
  await cluster.createNamespace(name);
  await cluster.createPod(pod(1));
  const a = await stage.firewall({ ...options, name: `${name}-a`, spec, prepare: prepare('active') });
  const b = await stage.firewall({ ...options, name: `${name}-b`, spec, prepare: prepare('passive') });
  const pair = { a, b };
  activate(pair, 'a');
  const policy = { namespace: name, name: 'web' };
  const table = (...numbers: number[]): Owned =>
    Object.fromEntries(numbers.map((i) => [ip(i), [`ns_${name}.web`]]));
  await stage.policy(policy, { firewallNames: [`${name}-a`, `${name}-b`], tags: [{ template: 'web' }] });
  return { pair, pod, policy, table };
}

const stateOf = async (policy: { readonly namespace: string; readonly name: string }, firewall: string) => {
  const { status } = await cluster.get<
    KubernetesObject & {
      status?: { firewalls?: readonly { name: string; state: string; registered: number }[] };
    }
  >('PanTagPolicy', policy);
  return status?.firewalls?.find(({ name }) => name === firewall);
};

async function outages(firewall: string): Promise<number> {
  const events = await cluster.list<KubernetesObject & { reason: string; regarding: { name: string } }>(
    'Event',
    'default',
  );
  return events.filter((one) => one.regarding.name === firewall && one.reason === 'DeviceUnavailable').length;
}

describe('an HA pair of firewalls', { concurrency: 4 }, () => {
  test('whose passive member refuses: nobody waits for it, and it follows a failover, there and back', async () => {
    const { pair, pod, policy, table } = await setUp('refusing', 'deny');
    await pair.a.holds(table(1));
    const { tables } = await stage.says('PanFirewall', { name: 'refusing-b' }, 'PassivePeer');
    assert.match(
      tables?.[0]?.message ?? '',
      /passive member of its HA pair.*its HA state is passive, peer active/,
    );
    await stage.says('PanFirewall', { name: 'refusing-a' }, 'InSync');
    await stage.says('PanTagPolicy', policy, 'InSync');
    const peer = await stateOf(policy, 'refusing-b');
    assert.deepEqual([peer?.state, peer?.registered], ['PassivePeer', 0]);
    assert.deepEqual(pair.b.owned(), {});

    // While it is passive it is asked, and sent no more.
    const sent = pair.b.messages().length;
    await cluster.createPod(pod(2));
    await pair.a.holds(table(1, 2));
    await stage.says('PanTagPolicy', policy, 'InSync');
    assert.equal(pair.b.messages().length, sent);

    activate(pair, 'b');
    await cluster.deletePod({ namespace: 'refusing', name: 'web-1' });
    await cluster.createPod(pod(3));
    await pair.b.holds(table(2, 3), { timeoutMs: 20_000 });
    await stage.says('PanFirewall', { name: 'refusing-b' }, 'InSync', 20_000);
    await stage.says('PanFirewall', { name: 'refusing-a' }, 'PassivePeer', 20_000);
    await stage.says('PanTagPolicy', policy, 'InSync', 20_000);
    assert.deepEqual(pair.a.owned(), table(1, 2), 'what a passive member holds is nobody’s to change');

    activate(pair, 'a');
    await pair.a.holds(table(2, 3), { timeoutMs: 20_000 });
    await stage.says('PanFirewall', { name: 'refusing-a' }, 'InSync', 20_000);
    for (const name of ['refusing-a', 'refusing-b']) assert.equal(await outages(name), 0, name);
  });

  test('whose passive member accepts: both are kept equal, each for itself', async () => {
    const { pair, pod, policy, table } = await setUp('accepting', 'accept');
    await pair.b.holds(table(1));
    activate(pair, 'b');
    await cluster.createPod(pod(2));
    for (const device of [pair.a, pair.b]) await device.holds(table(1, 2));
    for (const name of ['accepting-a', 'accepting-b']) await stage.says('PanFirewall', { name }, 'InSync');
    await stage.says('PanTagPolicy', policy, 'InSync');
  });

  test('with both members passive: a policy that has no other firewall is not Ready', async () => {
    const { pair, pod, policy, table } = await setUp('both', 'deny');
    await pair.a.holds(table(1));
    activate(pair, 'neither');
    await cluster.createPod(pod(2));
    await stage.says('PanFirewall', { name: 'both-a' }, 'PassivePeer');
    await stage.says('PanTagPolicy', policy, 'PassivePeer');
    await waitFor(
      async () => {
        const shown = await stateOf(policy, 'both-a');
        assert.equal(shown?.registered, 1, 'what it has not confirmed is not counted');
        return true;
      },
      { what: 'the count of both-a', timeoutMs: 20_000 },
    );
    activate(pair, 'b');
    await pair.b.holds(table(1, 2), { timeoutMs: 20_000 });
    await stage.says('PanTagPolicy', policy, 'InSync', 20_000);
  });

  test('whose active member denies for another cause: that is a failure, and is told as one', async () => {
    const { pair, pod, policy, table } = await setUp('denied', 'deny');
    await pair.a.holds(table(1));
    pair.a.simulator.inject({ fault: 'error', code: 15, on: 'message', text: 'Not permitted' });
    await cluster.createPod(pod(2));
    const { conditions } = await stage.says('PanFirewall', { name: 'denied-a' }, 'DeviceUnavailable');
    assert.match(conditions?.[0]?.message ?? '', /rights of the administrator.*Its HA state is active/);
    await stage.says('PanTagPolicy', policy, 'DeviceUnavailable');
    pair.a.simulator.clearFaults();
    await cluster.patch('PanFirewall', { name: 'denied-a' }, { spec: { purgeTimeoutSeconds: 301 } });
    await pair.a.holds(table(1, 2));
    await stage.says('PanTagPolicy', policy, 'InSync', 20_000);
  });
});
