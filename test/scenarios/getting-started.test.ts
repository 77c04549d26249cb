// docs/getting-started.md, followed from its first line to its last: every command is run, and prints what the page shows.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { startSimulator } from '../../simulator/simulator.ts';
import { startControlPlane } from '../control-plane/control-plane.ts';
import { blocksOf, placeOf } from '../docs/pasting/blocks.ts';
import { isHeld } from '../docs/pasting/held-blocks.ts';
import { startKubelet } from '../docs/pasting/kubelet.ts';
import { openTerminal } from '../docs/pasting/terminal.ts';
import { connect } from '../harness/cluster.ts';

/** Of this process alone, as every address of 127/8 is this machine: between two looks nobody else takes its ports. */
const host = `127.81.${(process.pid >> 8) & 255}.${process.pid & 255}`;

async function freePort(): Promise<string> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `${port}`;
}

test('docs/getting-started.md does what it says', async (t) => {
  await using plane = await startControlPlane();
  await using cluster = connect(plane);
  await using device = await startSimulator();
  const [api, control] = [await freePort(), await freePort()];
  await using terminal = await openTerminal({
    kubeconfig: plane.kubeconfig,
    replace: {
      'simulator -- --port': 'simulator -- --host 127.0.0.1 --names 127.0.0.1 --port',
      '127.0.0.1': host,
      ':8443': `:${api}`,
      '--port 8443': `--port ${api}`,
      ':8444': `:${control}`,
      '--control-port 8444': `--control-port ${control}`,
      ':8080': `:${await freePort()}`,
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
