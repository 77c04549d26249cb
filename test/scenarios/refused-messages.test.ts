// Messages that a device refuses as a whole, or never answers: the one entry that is meant stands aside, all else goes on.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { waitFor } from '../harness/wait-for.ts';
import type { Device } from './device.ts';
import { openStage } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;
await stage.startOperator();

const addressOf = (block: number, n: number) => `10.${block}.${n >> 8}.${n & 255}`;

async function pods(namespace: string, block: number, count: number): Promise<void> {
  for (let n = 1; n <= count; n++) {
    await cluster.createPod({ namespace, name: `web-${n}`, ips: [addressOf(block, n)] });
  }
}

/** What the table is to hold: these tags (of the namespace) on each of the addresses but some. */
function table(namespace: string, block: number, count: number, tags: readonly string[], but: number[] = []) {
  const numbers = Array.from({ length: count }, (_, i) => i + 1).filter((n) => !but.includes(n));
  const full = tags.map((tag) => `ns_${namespace}.${tag}`).sort();
  return Object.fromEntries(numbers.map((n) => [addressOf(block, n), full]));
}

const refusals = (fw: Device) => fw.messages().filter(({ fault }) => fault === 'error').length;

describe('a device that refuses a message as a whole', { concurrency: 4 }, () => {
  test('because of one address: it is named and stands aside, the rest goes on in the same second', async () => {
    const namespace = 'address';
    await cluster.createNamespace(namespace);
    await pods(namespace, 211, 40);
    const bad = addressOf(211, 17);
    const policy = { namespace, name: 'web' };
    await stage.policy(policy, { firewallNames: [namespace], tags: [{ template: 'web' }] });
    await using fw = await stage.firewall({
      name: namespace,
      foreignOn: [bad],
      prepare: ({ simulator }) =>
        simulator.inject({ fault: 'error', code: 12, text: 'Invalid object', ip: bad }),
    });
    await fw.holds(table(namespace, 211, 40, ['web'], [17]));
    const { conditions = [] } = await stage.says('PanTagPolicy', policy, 'RegistrationRejected');
    assert.match(conditions[0]?.message ?? '', /10\.211\.0\.17.*code 12.*Invalid object/);
    await stage.says('PanFirewall', { name: namespace }, 'RegistrationRejected');
    assert.ok(refusals(fw) <= 12, `${refusals(fw)} refused messages`);

    // What comes later is not held up, nor refused with it.
    const before = fw.messages().length;
    await cluster.createPod({ namespace, name: 'late', ips: [addressOf(211, 99)] });
    await fw.holds({
      ...table(namespace, 211, 40, ['web'], [17]),
      [addressOf(211, 99)]: [`ns_${namespace}.web`],
    });
    assert.ok(fw.messages().length - before <= 3);

    fw.simulator.clearFaults();
    await cluster.deletePod({ namespace, name: 'late' });
    await fw.holds(table(namespace, 211, 40, ['web']), { timeoutMs: 60_000 });
    await stage.says('PanTagPolicy', policy, 'InSync');
    await stage.says('PanFirewall', { name: namespace }, 'InSync');
  });

  test('because of one tag of many Pods: their other tags go on, new Pods too, and an edit ends it at once', async () => {
    const namespace = 'tag';
    await cluster.createNamespace(namespace);
    await pods(namespace, 212, 60);
    const policy = { namespace, name: 'web' };
    const tags = (second: string) => ({
      firewallNames: [namespace],
      tags: [{ template: 'web' }, { template: second }],
    });
    await stage.policy(policy, tags('bad'));
    await using fw = await stage.firewall({
      name: namespace,
      foreignOn: [addressOf(212, 1)],
      prepare: ({ simulator, tagPrefix }) =>
        simulator.inject({ fault: 'error', code: 17, text: 'no such tag', tag: `${tagPrefix}ns_tag.bad` }),
    });
    await fw.holds(table(namespace, 212, 60, ['web']));
    await stage.says('PanTagPolicy', policy, 'RegistrationRejected');
    await stage.counts('PanTagPolicy', policy, ({ firewalls = [] }) =>
      assert.deepEqual(
        firewalls.map(({ failed }) => failed),
        [60],
      ),
    );
    assert.ok(refusals(fw) <= 40, `${refusals(fw)} refused messages`);
    await cluster.createPod({ namespace, name: 'web-61', ips: [addressOf(212, 61)] });
    await fw.holds(table(namespace, 212, 61, ['web']));
    await cluster.patch('PanTagPolicy', policy, { spec: tags('good') });
    await fw.holds(table(namespace, 212, 61, ['web', 'good']));
    await stage.says('PanTagPolicy', policy, 'InSync');
    await stage.says('PanFirewall', { name: namespace }, 'InSync');
  });

  test('by address only, because of one of several tags: the other tags go on, and the one that is meant is named', async () => {
    const namespace = 'vague';
    await cluster.createNamespace(namespace);
    await pods(namespace, 216, 30);
    const policy = { namespace, name: 'web' };
    const tags = ['a', 'b', 'c', 'd', 'e'].map((template) => ({ template }));
    await stage.policy(policy, { firewallNames: [namespace], tags });
    await using fw = await stage.firewall({
      name: namespace,
      foreignOn: [addressOf(216, 1)],
      prepare: ({ simulator, tagPrefix }) =>
        simulator.inject({
          fault: 'reject',
          section: 'register',
          tag: `${tagPrefix}ns_vague.d`,
          text: 'nope',
        }),
    });
    // What a device does with the rest of an entry that it refuses is not known: this one does it.
    await fw.holds(table(namespace, 216, 30, ['a', 'b', 'c', 'e']));
    const { conditions = [] } = await stage.says('PanTagPolicy', policy, 'RegistrationRejected');
    assert.match(conditions[0]?.message ?? '', /10\.216\.0\.1 k8s-prod\.ns_vague\.d: nope/);
    await stage.counts('PanTagPolicy', policy, ({ firewalls = [] }) =>
      assert.deepEqual(
        firewalls.map(({ failed }) => failed),
        [30],
      ),
    );
    assert.ok(fw.messages().length <= 10, `${fw.messages().length} messages`);
    fw.simulator.clearFaults();
    await fw.holds(table(namespace, 216, 30, ['a', 'b', 'c', 'd', 'e']), { timeoutMs: 60_000 });
    await stage.says('PanTagPolicy', policy, 'InSync');
  });

  test('with removals in it: they do not wait for what is refused', async () => {
    const namespace = 'removals';
    await cluster.createNamespace(namespace);
    await pods(namespace, 213, 30);
    await stage.policy(
      { namespace, name: 'web' },
      { firewallNames: [namespace], tags: [{ template: 'web' }, { labelKeys: ['color'] }] },
    );
    await using fw = await stage.firewall({ name: namespace, foreignOn: [addressOf(213, 1)] });
    await fw.holds(table(namespace, 213, 30, ['web']));
    const tag = `${fw.tagPrefix}ns_${namespace}.color.red`;
    fw.simulator.inject({ fault: 'error', code: 12, text: 'no', tag });
    // The message that takes both is caught while the device is slow.
    fw.simulator.inject({ fault: 'slow', ms: 400, on: 'message', count: 1 });
    await cluster.labelPod({ namespace, name: 'web-1' }, { color: 'green' });
    await waitFor(() => fw.simulator.faults().some(({ effects }) => effects > 0), {
      what: 'the slow message',
      timeoutMs: 10_000,
    });
    await cluster.labelPod({ namespace, name: 'web-2' }, { color: 'red' });
    await cluster.deletePod({ namespace, name: 'web-3' });
    await fw.holds({
      ...table(namespace, 213, 30, ['web'], [3]),
      [addressOf(213, 1)]: [`ns_${namespace}.color.green`, `ns_${namespace}.web`],
    });
    await stage.says('PanFirewall', { name: namespace }, 'RegistrationRejected');
    const refused = fw.messages().findIndex(({ fault }) => fault === 'error');
    const removed = fw
      .messages()
      .findIndex(({ fault, unregister }) => fault !== 'error' && unregister.length > 0);
    assert.ok(removed <= refused + 1, `refused ${refused}, removed ${removed}`);
  });

  test('whatever is in it: it is asked a few dozen times, then seldom, and is followed when it relents', async () => {
    const namespace = 'everything';
    await cluster.createNamespace(namespace);
    await pods(namespace, 214, 30);
    const policy = { namespace, name: 'web' };
    await stage.policy(policy, {
      firewallNames: [namespace],
      tags: [{ labelKeys: ['pod'] }, { template: 'web' }],
    });
    await using fw = await stage.firewall({ name: namespace, foreignOn: [addressOf(214, 1)] });
    await fw.holds(table(namespace, 214, 30, ['web']));
    fw.simulator.inject({ fault: 'error', code: 12, text: 'not today', on: 'message' });
    for (let n = 1; n <= 30; n++) {
      await cluster.labelPod({ namespace, name: `web-${n}` }, { pod: `p${n}` });
    }
    await stage.says('PanFirewall', { name: namespace }, 'RegistrationRejected');
    const { conditions = [] } = await stage.says('PanTagPolicy', policy, 'RegistrationRejected');
    assert.match(conditions[0]?.message ?? '', /not today/);
    const startedAt = Date.now();
    const before = refusals(fw);
    await waitFor(() => Date.now() - startedAt > 5_000, { what: 'five seconds', timeoutMs: 10_000 });
    assert.ok(refusals(fw) - before <= 45, `${refusals(fw) - before} messages in five seconds`);
    const log = fw.messages().length;
    await waitFor(() => Date.now() - startedAt > 10_000, { what: 'five seconds more', timeoutMs: 10_000 });
    assert.ok(fw.messages().length - log <= 8, `${fw.messages().length - log} messages in the next five`);
    fw.simulator.clearFaults();
    await cluster.createPod({ namespace, name: 'web-31', ips: [addressOf(214, 31)] });
    const expected = Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [
        addressOf(214, i + 1),
        [`ns_${namespace}.pod.p${i + 1}`, `ns_${namespace}.web`],
      ]),
    );
    await fw.holds({ ...expected, [addressOf(214, 31)]: [`ns_${namespace}.web`] }, { timeoutMs: 60_000 });
    await stage.says('PanTagPolicy', policy, 'InSync');
  });
});

test('a device that never answers a message which names one address: the others go on without it', async () => {
  const namespace = 'silent';
  await cluster.createNamespace(namespace);
  await pods(namespace, 215, 20);
  const bad = addressOf(215, 5);
  const policy = { namespace, name: 'web' };
  await stage.policy(policy, { firewallNames: [namespace], tags: [{ template: 'web' }] });
  await using fw = await stage.firewall({
    name: namespace,
    foreignOn: [bad],
    prepare: ({ simulator }) => simulator.inject({ fault: 'hang', ip: bad }),
  });
  // Nobody waits here for the minute that a call may take: all connections are cut as soon as one hangs.
  const struck = () => fw.simulator.faults().reduce((sum, { effects }) => sum + effects, 0);
  let cut = 0;
  const cutter = setInterval(() => {
    if (struck() === cut) return;
    cut = struck();
    fw.simulator.reboot();
  }, 20);
  try {
    await fw.holds(table(namespace, 215, 20, ['web'], [5]), { timeoutMs: 60_000 });
    const { conditions = [] } = await stage.says('PanTagPolicy', policy, 'RegistrationRejected', 60_000);
    assert.match(
      conditions[0]?.message ?? '',
      /10\.215\.0\.5 k8s-prod\.ns_silent\.web: the device does not answer updates that contain this entry/,
    );
    assert.ok(struck() <= 16, `${struck()} messages without an answer`);
    await cluster.createPod({ namespace, name: 'late', ips: [addressOf(215, 99)] });
    const late = { [addressOf(215, 99)]: [`ns_${namespace}.web`] };
    await fw.holds({ ...table(namespace, 215, 20, ['web'], [5]), ...late });
    fw.simulator.clearFaults();
    await cluster.labelPod({ namespace, name: 'web-5' }, { any: 'thing' });
    await fw.holds({ ...table(namespace, 215, 20, ['web']), ...late }, { timeoutMs: 60_000 });
    await stage.says('PanTagPolicy', policy, 'InSync');
  } finally {
    clearInterval(cutter);
  }
});
