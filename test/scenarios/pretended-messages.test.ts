// A device that confirms and does not do: what it never does is named and no longer repeated, and all else goes on.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { Device } from './device.ts';
import { ask, waitUntilAnswered } from './firewall-requests.ts';
import { openStage } from './stage.ts';

// What is refused waits long enough for a test to see that it is not repeated; the real half minute is refused-messages'.
const stage = await openStage({ timing: { refusedFirstMs: 12_000 } });
after(() => stage.close());
const { cluster } = stage;
await stage.startOperator();

async function readAgain(name: string): Promise<void> {
  await ask(cluster, name, 'resync', 'now');
  await waitUntilAnswered(cluster, name, 'resync');
}

/** Messages so far about this pair. */
function sentOf({ messages }: Device, section: 'register' | 'unregister', address: string): number {
  return messages().filter((message) => message[section].some(({ ip }) => ip === address)).length;
}

const pretences = ({ simulator }: Device) =>
  simulator.faults().reduce((sum, { effects, fault }) => sum + (fault.fault === 'pretend' ? effects : 0), 0);

describe('a device that pretends', { concurrency: 4 }, () => {
  test('to register: the pair is named after the second reading, not repeated, and tried again slowly', async () => {
    const namespace = 'never-there';
    const [good, bad, late] = ['10.221.0.1', '10.221.0.2', '10.221.0.3'];
    await cluster.createNamespace(namespace);
    await using fw = await stage.firewall({ name: namespace, foreignOn: [bad] });
    const policy = { namespace, name: 'web' };
    await stage.policy(policy, { firewallNames: [namespace], tags: [{ template: 'web' }] });
    const web = [`ns_${namespace}.web`];
    await cluster.createPod({ namespace, name: 'good', ips: [good] });
    await fw.holds({ [good]: web });
    fw.simulator.inject({ fault: 'pretend', on: 'message', ip: bad });
    await cluster.createPod({ namespace, name: 'bad', ips: [bad] });
    await stage.counts('PanTagPolicy', policy, ({ addresses }) => assert.equal(addresses, 2));
    await readAgain(namespace);
    const { conditions = [] } = await stage.says('PanTagPolicy', policy, 'RegistrationRejected', 20_000);
    assert.match(
      conditions[0]?.message ?? '',
      /10\.221\.0\.2 k8s-prod\.ns_never-there\.web: the device acknowledged the registration, but it is missing/,
    );
    await stage.says('PanFirewall', { name: namespace }, 'RegistrationRejected');
    assert.equal(pretences(fw), 2);

    // Readings do not make it be sent again, and all else goes on.
    await readAgain(namespace);
    await cluster.createPod({ namespace, name: 'late', ips: [late] });
    await fw.holds({ [good]: web, [late]: web });
    assert.equal(pretences(fw), 2);
    fw.simulator.clearFaults();
    await fw.holds({ [good]: web, [bad]: web, [late]: web }, { timeoutMs: 60_000 });
    await stage.says('PanTagPolicy', policy, 'InSync');
    await stage.says('PanFirewall', { name: namespace }, 'InSync');
  });

  test('to unregister: the pair that stays is named after the second reading, and goes when the device relents', async () => {
    const namespace = 'never-gone';
    const [good, bad] = ['10.222.0.1', '10.222.0.2'];
    await cluster.createNamespace(namespace);
    await using fw = await stage.firewall({ name: namespace, foreignOn: [bad] });
    await stage.policy(
      { namespace, name: 'web' },
      { firewallNames: [namespace], tags: [{ template: 'web' }] },
    );
    const web = [`ns_${namespace}.web`];
    for (const [name, ip] of Object.entries({ good, bad })) {
      await cluster.createPod({ namespace, name, ips: [ip] });
    }
    await fw.holds({ [good]: web, [bad]: web });
    fw.simulator.inject({ fault: 'pretend', on: 'message', ip: bad });
    await cluster.deletePod({ namespace, name: 'bad' });
    await stage.counts('PanFirewall', { name: namespace }, ({ owned }) => assert.equal(owned, 1));
    await readAgain(namespace);
    const { conditions = [] } = await stage.says(
      'PanFirewall',
      { name: namespace },
      'RegistrationRejected',
      20_000,
    );
    assert.match(
      conditions[0]?.message ?? '',
      /10\.222\.0\.2: the device acknowledged the removal, but the tag is still/,
    );
    assert.equal(pretences(fw), 2);
    assert.deepEqual(fw.owned(), { [good]: web, [bad]: web });
    fw.simulator.clearFaults();
    await fw.holds({ [good]: web }, { timeoutMs: 60_000 });
    assert.equal(sentOf(fw, 'unregister', bad), 1);
    await stage.says('PanFirewall', { name: namespace }, 'InSync');
  });

  test('whatever it is told: its whole table is sent twice, then ever more seldom', async () => {
    const namespace = 'all-talk';
    const count = 30;
    await cluster.createNamespace(namespace);
    for (let n = 1; n <= count; n++) {
      await cluster.createPod({ namespace, name: `web-${n}`, ips: [`10.223.0.${n}`] });
    }
    const policy = { namespace, name: 'web' };
    await stage.policy(policy, { firewallNames: [namespace], tags: [{ template: 'web' }] });
    await using fw = await stage.firewall({ name: namespace, foreignOn: ['10.223.0.1'] });
    const web = Object.fromEntries(
      Array.from({ length: count }, (_, i) => [`10.223.0.${i + 1}`, [`ns_${namespace}.web`]]),
    );
    await fw.holds(web);
    const tag = `${fw.tagPrefix}ns_${namespace}.web`;
    fw.simulator.inject({ fault: 'pretend', on: 'message' });
    fw.simulator.plant({ remove: Object.keys(web).map((ip) => ({ ip, tags: [tag] })) });
    await readAgain(namespace);
    await stage.says('PanTagPolicy', policy, 'RegistrationRejected', 30_000);
    await stage.counts('PanTagPolicy', policy, ({ firewalls = [] }) =>
      assert.deepEqual(
        firewalls.map(({ failed }) => failed),
        [count],
      ),
    );
    assert.ok(pretences(fw) <= 3, `${pretences(fw)} messages`);
    fw.simulator.clearFaults();
    await fw.holds(web, { timeoutMs: 60_000 });
    await stage.says('PanTagPolicy', policy, 'InSync');
    await stage.says('PanFirewall', { name: namespace }, 'InSync');
  });
});

test('a device whose counts are wrong: nothing is concluded from its readings, and that is told', async () => {
  const namespace = 'miscounts';
  const [kept, gone] = ['10.224.0.1', '10.224.0.9'];
  await cluster.createNamespace(namespace);
  await cluster.createPod({ namespace, name: 'kept', ips: [kept] });
  await stage.policy({ namespace, name: 'web' }, { firewallNames: [namespace], tags: [{ template: 'web' }] });
  // Known before there is a firewall: it is nobody's new holder there, for whom an address is rewritten at once.
  await stage.counts('PanTagPolicy', { namespace, name: 'web' }, ({ pods }) => assert.equal(pods, 1));
  const web = [`ns_${namespace}.web`];
  await using fw = await stage.firewall({
    name: namespace,
    foreignOn: [kept, gone],
    leftOver: { [kept]: [...web, `ns_${namespace}.old`], [gone]: web },
    prepare: ({ simulator }) => simulator.inject({ fault: 'miscount', on: 'read', by: -1 }),
  });
  await stage.says('PanFirewall', { name: namespace }, 'InvalidResponse');
  assert.deepEqual(fw.messages(), []);
  assert.deepEqual(fw.owned(), { [kept]: [`ns_${namespace}.old`, ...web], [gone]: web });
  fw.simulator.clearFaults();
  await fw.holds({ [kept]: web }, { timeoutMs: 60_000 });
  await stage.says('PanFirewall', { name: namespace }, 'InSync');
});
