// docs/getting-started.md, followed from its first line to its last: every command is run, and prints what the page shows.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSimulator } from '../../simulator/simulator.ts';
import { startControlPlane } from '../control-plane/control-plane.ts';
import { blocksOf, placeOf } from '../docs/pasting/blocks.ts';
import { isHeld } from '../docs/pasting/held-blocks.ts';
import { startKubelet } from '../docs/pasting/kubelet.ts';
import { openTerminal } from '../docs/pasting/terminal.ts';
import { connect } from '../harness/cluster.ts';

test('docs/getting-started.md does what it says', async (t) => {
  await using plane = await startControlPlane();
  await using cluster = connect(plane);
  await using device = await startSimulator();
  await using terminal = await openTerminal({
    kubeconfig: plane.kubeconfig,
    replace: {
      // Ports of its own, as every address of 127/8 is this machine.
      'simulator -- --port': 'simulator -- --host 127.0.0.1 --names 127.0.0.1 --port',
      '127.0.0.1': `127.81.${(process.pid >> 8) & 255}.${process.pid & 255}`,
      'https://fw-a.example.net': device.endpoint,
      'https://10.96.0.1': plane.url,
      'rights       kubernetes-admin has': 'rights       admin has',
    },
    files: { username: device.username, password: device.password, 'ca.crt': device.caPem },
  });
  await using _kubelet = startKubelet(cluster, 'shop', ['10.244.0.5', '10.244.0.6', '10.244.0.7']);
  const blocks = blocksOf('docs/getting-started.md').filter((block) => !isHeld(block));
  assert.ok(blocks.length > 10);
  for (const block of blocks) {
    const begun = performance.now();
    await terminal.paste(block);
    t.diagnostic(`${placeOf(block)}: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  }
  await terminal.interrupt();
});
