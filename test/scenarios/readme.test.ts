// README, followed: what it installs is applied, its objects do what it says, and its commands print what it shows.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startSimulator, type Simulator } from '../../simulator/simulator.ts';
import { type Block, blocksOf, root } from '../docs/pasting/blocks.ts';
import { isHeld } from '../docs/pasting/held-blocks.ts';
import { openTerminal } from '../docs/pasting/terminal.ts';
import { openStage } from './stage.ts';

const pods = [
  { ip: '10.20.1.7', tier: undefined },
  { ip: '10.20.4.2', tier: undefined },
  { ip: '10.20.4.9', tier: 'gold' },
];

/** The table of the page: address -> tags. */
function shownTable(): Readonly<Record<string, readonly string[]>> {
  const rows = readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^\| (10\.[\d.]+) \| (.*) \|$/gm);
  return Object.fromEntries(
    [...rows].map(([, ip = '', tags = '']) => [ip, (tags.match(/[\w.-]+/g) ?? []).toSorted()]),
  );
}

/** Address -> tags of the device, without strangers' and without the mark. */
function ownTable(device: Simulator): Readonly<Record<string, readonly string[]>> {
  const entries = Object.entries(device.tables()['vsys1'] ?? {});
  const own = entries.filter(
    ([ip, { tags }]) => ip !== '192.0.2.1' && tags.some((tag) => tag.startsWith('k8s-prod.')),
  );
  return Object.fromEntries(own.map(([ip, { tags }]) => [ip, tags.toSorted()]));
}

/** Each group of the page matches, by the simulator's reading of its filter. */
function checkGroups(device: Simulator, { text }: Block): void {
  for (const [, name = '', filter = ''] of text.matchAll(/^set address-group (\S+) dynamic filter "(.*)"$/gm))
    device.setAddressGroup({ name, filter });
  const members = Object.fromEntries(
    device.addressGroups().map(({ name, members: ips }) => [name, ips.toSorted()]),
  );
  assert.deepEqual(members, { 'shop-web': pods.map(({ ip }) => ip), 'shop-gold': ['10.20.4.9'] });
}

test('README does what it says', async () => {
  await using stage = await openStage();
  const { cluster, plane } = stage;
  await using device = await startSimulator();
  device.plant({ add: [1, 2, 3, 4, 5].map((i) => ({ ip: `10.9.0.${i}`, tags: ['vpn'] })) });
  await using terminal = await openTerminal({
    kubeconfig: plane.kubeconfig,
    replace: {
      'https://fw-a.example.net': device.endpoint,
      'CN=fw-a.example.net, issued by CN=Example CA': 'CN=PAN-OS simulator, issued by CN=PAN-OS simulator CA',
      'https://10.96.0.1': plane.url,
      'rights       kubernetes-admin has': 'rights       admin has',
    },
    files: { username: device.username, password: device.password, 'ca.crt': device.caPem },
  });
  await cluster.createNamespace('shop');
  await cluster.createPods(
    pods.map(({ ip, tier }, i) => ({
      namespace: 'shop',
      name: `web-${i}`,
      labels: { app: 'web', ...(tier === undefined ? {} : { tier }) },
      ips: [ip],
    })),
  );
  const operator = await stage.startOperator();
  for (const block of blocksOf('README.md').filter((one) => one.language !== 'text')) {
    if (isHeld(block)) continue;
    if (block.language === 'panos') checkGroups(device, block);
    else await terminal.paste(block);
  }
  assert.deepEqual(ownTable(device), shownTable());
  assert.equal((await operator.stop()).code, 0);
});
