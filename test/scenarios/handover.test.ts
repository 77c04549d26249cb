// An address that passes from one Pod to another never carries the former Pod's tags once it has the latter's.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { LogEntry } from '../../simulator/simulator.ts';
import { waitFor } from '../harness/wait-for.ts';
import type { Device } from './device.ts';
import { waitUntilReady } from './probes.ts';
import { replay, wasUnregistered } from './replay.ts';
import { openStage } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;
let operator = await stage.startOperator();

/** Pods of this namespace get the tag ns_<namespace>.app.<their label app>. */
async function tagByApp(namespace: string): Promise<void> {
  await cluster.createNamespace(namespace);
  await stage.policy(
    { namespace, name: 'apps' },
    { firewallNames: [namespace], tags: [{ template: 'app.{{ labels.app }}' }] },
  );
}

/** From the log alone: at no moment are both Pods' tags on the address, and one message does both halves. */
function assertCleanHandover(device: Device, address: string, namespace: string): void {
  const messages = device.messages();
  const [red, blue] = ['red', 'blue'].map((app) => `${device.tagPrefix}ns_${namespace}.app.${app}`);
  assert.ok(red !== undefined && blue !== undefined);
  const mixed = replay(messages).filter(
    (moment) => moment.address === address && moment.tags.has(red) && moment.tags.has(blue),
  );
  assert.deepEqual(mixed, []);
  const halves = (entry: LogEntry) => ({
    off: entry.unregister.some(({ ip, tag }) => ip === address && tag === red),
    on: entry.register.some(({ ip, tag }) => ip === address && tag === blue),
  });
  const moving = messages.map(halves).filter(({ off, on }) => off || on);
  assert.deepEqual(moving, [{ off: true, on: true }]);
}

test('the former Pod is still draining when the latter takes its address', async () => {
  const namespace = 'drain';
  await using fw = await stage.firewall({ name: namespace, foreignOn: ['10.1.0.1'] });
  await tagByApp(namespace);
  const former = await cluster.createPod({ namespace, name: 'a', labels: { app: 'red' }, ips: ['10.1.0.1'] });
  await fw.holds({ '10.1.0.1': ['ns_drain.app.red'] });
  await cluster.terminatePod(former);
  await cluster.createPod({ namespace, name: 'b', labels: { app: 'blue' }, ips: ['10.1.0.1'] });
  await fw.holds({ '10.1.0.1': ['ns_drain.app.blue'] });
  await cluster.deletePod(former);
  await fw.holds({ '10.1.0.1': ['ns_drain.app.blue'] });
  assertCleanHandover(fw, '10.1.0.1', namespace);
});

test('one goes and the other comes while the device works on a message', async () => {
  const namespace = 'busy';
  await using fw = await stage.firewall({ name: namespace, foreignOn: ['10.2.0.1'] });
  await tagByApp(namespace);
  const former = await cluster.createPod({ namespace, name: 'a', labels: { app: 'red' }, ips: ['10.2.0.1'] });
  await fw.holds({ '10.2.0.1': ['ns_busy.app.red'] });
  // A message about another address keeps the device busy while the address passes on.
  fw.simulator.inject({ fault: 'slow', on: 'message', ms: 1000, count: 1 });
  const other = { namespace, name: 'other', labels: { app: 'green' } };
  await cluster.createPod({ ...other, ips: ['10.2.0.2'] });
  await waitFor(() => fw.simulator.faults()[0]?.effects === 1, { what: 'the message to be on its way' });
  await cluster.deletePod(former);
  await cluster.createPod({ namespace, name: 'b', labels: { app: 'blue' }, ips: ['10.2.0.1'] });
  await fw.holds({ '10.2.0.1': ['ns_busy.app.blue'], '10.2.0.2': ['ns_busy.app.green'] });
  assertCleanHandover(fw, '10.2.0.1', namespace);
});

test('the change happens while no operator runs', async () => {
  const namespace = 'absent';
  await using fw = await stage.firewall({ name: namespace, foreignOn: ['10.3.0.1'] });
  await tagByApp(namespace);
  const former = await cluster.createPod({ namespace, name: 'a', labels: { app: 'red' }, ips: ['10.3.0.1'] });
  await fw.holds({ '10.3.0.1': ['ns_absent.app.red'] });
  await operator.stop();
  await cluster.deletePod(former);
  await cluster.createPod({ namespace, name: 'b', labels: { app: 'blue' }, ips: ['10.3.0.1'] });
  operator = await stage.startOperator();
  await fw.holds({ '10.3.0.1': ['ns_absent.app.blue'] });
  assertCleanHandover(fw, '10.3.0.1', namespace);
});

test('tags that both Pods deserve never leave the address', async () => {
  const namespace = 'alike';
  await using fw = await stage.firewall({ name: namespace, foreignOn: ['10.4.0.1'] });
  await tagByApp(namespace);
  const labels = { app: 'red' };
  const expected = { '10.4.0.1': ['ns_alike.app.red'] };
  let former = await cluster.createPod({ namespace, name: 'a', labels, ips: ['10.4.0.1'] });
  await fw.holds(expected);
  for (const name of ['b', 'c', 'd']) {
    await cluster.terminatePod(former);
    const latter = await cluster.createPod({ namespace, name, labels, ips: ['10.4.0.1'] });
    await cluster.deletePod(former);
    former = latter;
  }
  // A Pod that comes after them shows that all of this has been seen.
  await cluster.createPod({ namespace, name: 'last', labels, ips: ['10.4.0.2'] });
  await fw.holds({ ...expected, '10.4.0.2': ['ns_alike.app.red'] });
  assert.ok(!wasUnregistered(fw.messages(), '10.4.0.1', 'k8s-prod.ns_alike.app.red'));
});

test('tags that both Pods deserve stay when they change while no operator runs', async () => {
  const namespace = 'alike-absent';
  await using fw = await stage.firewall({ name: namespace, foreignOn: ['10.5.0.1'] });
  await tagByApp(namespace);
  const labels = { app: 'red' };
  const former = await cluster.createPod({ namespace, name: 'a', labels, ips: ['10.5.0.1'] });
  await fw.holds({ '10.5.0.1': ['ns_alike-absent.app.red'] });
  await operator.stop();
  const sent = fw.messages().length;
  await cluster.deletePod(former);
  await cluster.createPod({ namespace, name: 'b', labels, ips: ['10.5.0.1'] });
  operator = await stage.startOperator();
  await waitUntilReady(operator);
  await stage.says('PanFirewall', { name: namespace }, 'InSync');
  await operator.waitForLog(({ msg, firewall }) => msg === 'table read' && firewall === namespace);
  assert.equal(fw.messages().length, sent);
});
