// Ordinary scaling is nobody's dispute: after it a condition is written within a second both ways.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../harness/wait-for.ts';
import { openStage } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;
/** A second, and what this machine's load may add. */
const lateMs = 3_000;

test('Pods come for a while, then the device fails and works again: Ready follows both ways, and no warning is logged', async () => {
  await using fw = await stage.firewall({ name: 'edge', foreignOn: [] });
  await cluster.createNamespace('shop');
  await stage.policy(
    { namespace: 'shop', name: 'web' },
    { firewallNames: ['edge'], tags: [{ template: 'web' }] },
  );
  const operator = await stage.startOperator();
  for (let i = 1; i <= 25; i += 1) {
    await cluster.createPods([{ namespace: 'shop', name: `web-${i}`, ips: [`10.1.0.${i}`] }]);
    await stage.counts('PanFirewall', { name: 'edge' }, ({ owned, pending }) =>
      assert.deepEqual([owned, pending], [i, 0]),
    );
    await sleep(700);
  }
  const edge = { name: 'edge' };
  await stage.says('PanFirewall', edge, 'InSync');
  for (let round = 0; round < 2; round += 1) {
    const said = (msg: string) => operator.logs().filter((line) => line.msg === msg).length;
    fw.simulator.inject({ fault: 'http-status', status: 503 });
    await cluster.createPods([{ namespace: 'shop', name: `late-${round}`, ips: [`10.1.1.${round + 1}`] }]);
    await waitFor(() => said('device failed') > round, { what: 'the device to fail' });
    await stage.says('PanFirewall', edge, 'DeviceUnavailable', lateMs);
    fw.simulator.clearFaults();
    await waitFor(() => said('device works again') > round, {
      what: 'the device to work',
      timeoutMs: 60_000,
    });
    await stage.says('PanFirewall', edge, 'InSync', lateMs);
  }
  const disputes = operator
    .logs()
    .filter(({ msg = '' }) => msg.startsWith('status overwritten by another client'));
  assert.deepEqual(disputes, []);
});
