// The commands of docs/tasks, pasted where they are needed: held removals are approved, an owner's tables are taken over, a password is rotated.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Block, blocksOf } from '../docs/pasting/blocks.ts';
import { openTerminal, type TerminalOptions } from '../docs/pasting/terminal.ts';
import { waitFor } from '../harness/wait-for.ts';
import { heldPlan } from './firewall-requests.ts';
import { openStage, operatorNamespace, type StagedDevice } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster, plane } = stage;
await stage.startOperator();
const firewall = { name: 'edge-a' };
const secret = { namespace: operatorNamespace, ...firewall };
const policy = { namespace: 'shop', name: 'web' };
const addresses = [1, 2, 3, 4, 5, 6].map((i) => `10.20.1.${i}`);
await cluster.createNamespace('shop');
await cluster.createPods(
  addresses.map((ip, i) => ({ namespace: 'shop', name: `web-${i}`, labels: { app: 'web' }, ips: [ip] })),
);

/** The one block of a page that has these words. */
function blockOf(page: string, words: string): Block {
  const found = blocksOf(`docs/tasks/${page}`).filter(({ text }) => text.includes(words));
  assert.equal(found.length, 1, `${page}: ${words}`);
  return found[0] ?? assert.fail();
}

async function paste(block: Block, options: Partial<TerminalOptions> = {}): Promise<void> {
  await using terminal = await openTerminal({ kubeconfig: plane.kubeconfig, replace: {}, ...options });
  await terminal.paste(block);
}

const everyone = (tags: readonly string[]) => Object.fromEntries(addresses.map((ip) => [ip, tags]));

async function isInSync(device: StagedDevice): Promise<void> {
  await device.holds(everyone(['ns_shop.web']));
  await stage.says('PanFirewall', firewall, 'InSync');
}

const spec = { firewallNames: ['edge-a'], tags: [{ template: 'web' }] };

test('observe: diff names each pair, and Enforce does what it named', async () => {
  const first = { namespace: 'shop', name: 'first', labels: { app: 'first' }, ips: ['10.20.6.21'] };
  await cluster.createPod(first);
  await stage.policy(policy, { ...spec, podSelector: { matchLabels: first.labels } });
  await using device = await stage.firewall({
    ...firewall,
    foreignOn: ['10.20.6.21'],
    leftOver: { '10.20.4.9': ['ns_shop.old'] },
    spec: { mode: 'Observe' },
  });
  await stage.says('PanFirewall', firewall, 'Observing');
  await paste(blockOf('observe.md', 'npm start -- diff edge-a'));
  assert.deepEqual(device.messages(), []);
  await paste(blockOf('observe.md', '"mode":"Enforce"'));
  await device.holds({ '10.20.6.21': ['ns_shop.web'] });
  await cluster.remove('PanTagPolicy', policy);
  await cluster.deletePod(first);
  await cluster.remove('Secret', secret);
});

test('approve: the plan of a deleted policy is read, and let go by its id', async () => {
  await using device = await stage.firewall({ ...firewall, foreignOn: ['10.20.1.1'] });
  await stage.policy(policy, spec);
  await isInSync(device);
  await cluster.remove('PanTagPolicy', policy);
  await stage.says('PanFirewall', firewall, 'RemovalsHeld');
  const held = await heldPlan(cluster, 'edge-a', (found) => found?.addresses === addresses.length);
  await paste(blockOf('approve-removals.md', "jsonpath='{.status.tables[*].held}'"));
  await device.holds(everyone(['ns_shop.web']));
  const replace = { '7c1e': held?.plan ?? assert.fail('no plan is held') };
  await paste(blockOf('approve-removals.md', 'pantag.io/approve-removals=7c1e'), { replace });
  await device.holds({});
  await stage.says('PanFirewall', firewall, 'InSync');
});

test('adopt: the table of a former owner is taken over by the id in the message', async () => {
  await cluster.remove('Secret', secret);
  await stage.policy(policy, spec);
  await using device = await stage.firewall({
    ...firewall,
    foreignOn: ['10.20.1.1'],
    markedBy: ['0f3a9c2e41d8'],
    leftOver: everyone(['ns_shop.web']),
  });
  const { conditions = [] } = await stage.says('PanFirewall', firewall, 'OwnershipConflict');
  assert.ok(conditions.some(({ message }) => message.includes('pantag.io/adopt=0f3a9c2e41d8')));
  assert.deepEqual(device.messages(), []);
  await paste(blockOf('adopt.md', 'pantag.io/adopt='));
  await isInSync(device);
});

test('rotate: a password takes the place of an API key, and the next password is used at once', async () => {
  await cluster.remove('Secret', secret);
  await using device = await stage.firewall({ ...firewall, foreignOn: ['10.20.1.1'] });
  const { username, password, caPem } = device.simulator;
  const files = { username, password, 'ca.crt': caPem };
  await isInSync(device);
  const generated = () => device.simulator.log().filter(({ kind }) => kind === 'keygen').length;
  assert.equal(generated(), 0);
  await paste(blockOf('rotate.md', 'kubectl replace -f -'), { files });
  await waitFor(() => generated() === 1, { what: 'a key for user name and password' });
  const next = 'the-next-password-of-edge-a';
  stage.hide(next);
  device.simulator.changePassword(next);
  await cluster.createPod({ namespace: 'shop', name: 'late', labels: { app: 'web' }, ips: ['10.20.1.7'] });
  await stage.says('PanFirewall', firewall, 'AuthenticationFailed', 30_000);
  await paste(blockOf('rotate.md', 'kubectl apply -f -'), { files: { ...files, password: next } });
  await device.holds({ ...everyone(['ns_shop.web']), '10.20.1.7': ['ns_shop.web'] });
  await stage.says('PanFirewall', firewall, 'InSync');
});
