// An entry of somebody else whose tags the device does not escape: that entry alone cannot be read, also by an operator that
// has just started, and it is named and left as it is.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { OperatorProcess } from '../harness/operator-process.ts';
import { waitFor } from '../harness/wait-for.ts';
import { openStage } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;

let operator: OperatorProcess;

const name = 'edge';
const unreadable = '172.30.1.9';
/** More than one page, with the entry in its midst. */
const before = Array.from({ length: 700 }, (_, i) => ({
  ip: `172.29.${Math.floor(i / 250)}.${i % 250}`,
  tags: ['theirs'],
}));
const behind = Array.from({ length: 500 }, (_, i) => ({
  ip: `172.31.${Math.floor(i / 250)}.${i % 250}`,
  tags: ['theirs'],
}));
const unescaped = { ip: unreadable, tags: ['R&D <=> fw2', 'quarantine'], unescaped: true };

test('one entry that is not escaped: through a restart our Pods are registered and removed, and the entry is named, counted and left alone', async () => {
  const fw = await stage.firewall({
    name,
    foreignOn: ['10.1.0.1', '10.1.0.2'],
    alsoForeign: [...before, unescaped, ...behind],
  });
  await cluster.createNamespace('shop');
  await stage.policy(
    { namespace: 'shop', name: 'web' },
    { firewallNames: [name], tags: [{ template: 'web' }] },
  );
  const pod = (n: number) => ({ namespace: 'shop', name: `web-${n}`, ips: [`10.1.0.${n}`] });
  const table = (...numbers: number[]) =>
    Object.fromEntries(numbers.map((n) => [`10.1.0.${n}`, ['ns_shop.web']]));
  const strangers = Object.keys(fw.simulator.tables()['vsys1'] ?? {}).length;
  /** @param shared how many addresses of ours are strangers' too */
  const saysSo = async (owned: number, shared: number) => {
    await stage.says('PanFirewall', { name }, 'InSync', 30_000);
    await stage.says('PanTagPolicy', { namespace: 'shop', name: 'web' }, 'InSync', 30_000);
    await stage.counts('PanFirewall', { name }, ({ tables = [] }) => {
      const [{ message = '' } = {}] = tables;
      assert.match(message, /the entry of 172\.30\.1\.9 cannot be read, its tags are unknown/);
      assert.deepEqual([tables[0]?.owned, tables[0]?.foreign], [owned, strangers - shared]);
    });
  };

  await cluster.createPods([1, 2, 3].map(pod));
  operator = await stage.startOperator();
  await fw.holds(table(1, 2, 3), { timeoutMs: 30_000 });
  await saysSo(3, 2);
  await cluster.deletePod(pod(1));
  await cluster.createPod(pod(4));
  await fw.holds(table(2, 3, 4));
  await operator.stop();

  await cluster.deletePod(pod(2));
  await cluster.createPod(pod(5));
  operator = await stage.startOperator();
  await fw.holds(table(3, 4, 5), { timeoutMs: 30_000 });
  await saysSo(3, 0);
  await cluster.deletePod(pod(3));
  await cluster.createPod(pod(6));
  await fw.holds(table(4, 5, 6));

  const named = fw
    .messages()
    .flatMap(({ register, unregister }) => [...register, ...unregister].map(({ ip }) => ip));
  assert.ok(!named.includes(unreadable), 'the entry was in a message');
  assert.deepEqual(fw.simulator.tables()['vsys1']?.[unreadable]?.tags, unescaped.tags);
});

test('a Pod on the very address of such an entry gets its tag and loses it, also when the operator starts anew meanwhile', async () => {
  const [shared, ip] = ['shared', '10.2.0.1'];
  const fw = await stage.firewall({
    name: shared,
    foreignOn: [ip],
    alsoForeign: [{ ip, tags: ['R&D <=> fw2'], unescaped: true }],
  });
  await cluster.createNamespace(shared);
  await stage.policy(
    { namespace: shared, name: 'web' },
    { firewallNames: [shared], tags: [{ template: 'web' }] },
  );
  const pod = (n: number) => ({ namespace: shared, name: `web-${n}`, ips: [ip] });
  const table = { [ip]: ['ns_shared.web'] };
  await cluster.createPod(pod(1));
  await fw.holds(table);
  await stage.says('PanFirewall', { name: shared }, 'InSync');
  await stage.says('PanTagPolicy', { namespace: shared, name: 'web' }, 'InSync');
  await cluster.deletePod(pod(1));
  await fw.holds({});
  await cluster.createPod(pod(2));
  await fw.holds(table);
  await operator.stop();
  const { length } = fw.messages();
  operator = await stage.startOperator();
  // It cannot know what is there, so it registers once more; a status may still be the former process's.
  const isSent = () =>
    fw
      .messages()
      .slice(length)
      .some(({ register }) => register.some((pair) => pair.ip === ip));
  await waitFor(isSent, { what: 'the tag to be registered again', timeoutMs: 30_000 });
  await cluster.deletePod(pod(2));
  await fw.holds({}, { timeoutMs: 30_000 });
});
