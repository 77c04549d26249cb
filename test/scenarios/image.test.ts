// The image's entry point with the chart's arguments, under the chart's rights alone: the main job, and an upgrade.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { chartDirectory, only, openHelm, type Values } from '../chart/helm.ts';
import type { OperatorProcess } from '../harness/operator-process.ts';
import { buildImage } from './image.ts';
import { ask, metricValue, waitUntilReady } from './probes.ts';
import { openStage, operatorNamespace } from './stage.ts';

const stage = await openStage();
const image = await buildImage();
const helm = await openHelm(stage.plane.kubeconfig);
after(async () => {
  await stage.close();
  await image[Symbol.asyncDispose]();
  await helm[Symbol.asyncDispose]();
});
const { cluster, plane } = stage;

// A release beside what the stage applied for other scenarios, with a ServiceAccount of its own.
const release = 'tags';
const values = (more: Values): Values => ({
  crds: { enabled: false },
  fullnameOverride: release,
  ...more,
});

/** Runs helm, and then the operator as the Deployment that the API server now holds says. */
async function roll(...command: readonly string[]): Promise<OperatorProcess> {
  await helm.run(...command, '--namespace', operatorNamespace);
  const path = `/apis/apps/v1/namespaces/${operatorNamespace}/deployments/${release}`;
  type Spec = {
    template: { spec: { serviceAccountName: string; containers: readonly { args: readonly string[] }[] } };
  };
  const { spec } = await cluster.request<{ spec: Spec }>('GET', path);
  const { serviceAccountName, containers } = spec.template.spec;
  const token = await cluster.serviceAccountToken(operatorNamespace, serviceAccountName);
  const { args } = containers[0] ?? assert.fail();
  return stage.enlist(token, (logFile) => image.start({ args, token, plane, logFile }));
}

const upgrade = async (more: Values) =>
  roll('upgrade', '--install', release, chartDirectory, '--values', await helm.valuesFile(values(more)));

await cluster.createNamespace('shop', { team: 'blue' });
const fw = await stage.firewall({ name: 'edge', foreignOn: ['10.1.0.1'] });
const pod = (name: string, ip: string, labels = {}) =>
  cluster.createPod({ namespace: 'shop', name, ips: [ip], labels: { app: 'web', ...labels } });
await stage.policy(
  { namespace: 'shop', name: 'web' },
  {
    firewallNames: ['edge'],
    podSelector: { matchLabels: { app: 'web' } },
    tags: [{ template: 'web' }, { labelKeys: ['tier'] }],
  },
);
await pod('web-1', '10.1.0.1');

const first = await upgrade({ replicaCount: 1, log: { level: 'debug' } });

test('it does the whole job', async () => {
  await waitUntilReady(first, 30_000);
  await fw.holds({ '10.1.0.1': ['ns_shop.web'] });
  await pod('web-2', '10.1.0.2', { tier: 'gold' });
  await fw.holds({ '10.1.0.1': ['ns_shop.web'], '10.1.0.2': ['ns_shop.tier.gold', 'ns_shop.web'] });
  await cluster.patch(
    'Pod',
    { namespace: 'shop', name: 'web-2' },
    { metadata: { labels: { tier: 'lead' } } },
  );
  await fw.holds({ '10.1.0.1': ['ns_shop.web'], '10.1.0.2': ['ns_shop.tier.lead', 'ns_shop.web'] });
  await cluster.deletePod({ namespace: 'shop', name: 'web-2' });
  await fw.holds({ '10.1.0.1': ['ns_shop.web'] });
  await stage.says('PanFirewall', { name: 'edge' }, 'InSync');
  await stage.says('PanTagPolicy', { namespace: 'shop', name: 'web' }, 'InSync');
  await cluster.patch(
    'PanFirewall',
    { name: 'edge' },
    { metadata: { annotations: { 'pantag.io/resync': 'now' } } },
  );
  await first.waitForLog(({ msg }) => msg === 'full read requested');
});

test('its rights suffice: nothing is refused, by the API server or by Node', () => {
  const complaints = first
    .logs()
    .filter((line) => /forbidden|ERR_ACCESS_DENIED|restricted/i.test(JSON.stringify(line)));
  assert.deepEqual(complaints, []);
});

test('its metrics hold what Node knows of the process', async () => {
  const { text } = await ask(first, '/metrics');
  for (const name of ['process_resident_memory_bytes', 'process_open_fds', 'process_max_fds']) {
    assert.ok((metricValue(text, name, {}) ?? 0) > 0, name);
  }
});

test('it can write nothing, start nothing, and read nothing else', async () => {
  const script = `
    const has = (what, where) => process.permission.has(what, where);
    console.log(JSON.stringify({
      user: process.getuid(),
      writes: has('fs.write'), writesTmp: has('fs.write', '/tmp'),
      starts: has('child'), threads: has('worker'), native: has('addon'),
      reads: ['/etc/passwd', '/tmp/x', '/proc/1/environ'].filter((path) => has('fs.read', path)),
    }));`;
  const [command, ...args] = [...image.argv([]).slice(0, -1), `--eval=${script}`];
  const { stdout } = await promisify(execFile)(command, args, { env: {} });
  const { user, ...can } = JSON.parse(stdout) as Record<string, unknown>;
  assert.notEqual(user, 0);
  assert.deepEqual(can, {
    writes: false,
    writesTmp: false,
    starts: false,
    threads: false,
    native: false,
    reads: [],
  });
});

test('an upgrade and a rollback leave the table untouched', async () => {
  // A Pod that comes while both run shows that the new one works.
  const sent = () => fw.messages().length;
  const before = sent();
  const second = await upgrade({ log: { level: 'info' } });
  await waitUntilReady(second, 30_000);
  await first.stop();
  await stage.says('PanFirewall', { name: 'edge' }, 'InSync', 30_000);
  assert.equal(sent(), before, 'the upgrade sent something');
  await pod('web-3', '10.1.0.3');
  await fw.holds({ '10.1.0.1': ['ns_shop.web'], '10.1.0.3': ['ns_shop.web'] }, { timeoutMs: 30_000 });
  const after = sent();
  const third = await roll('rollback', release, '1');
  await waitUntilReady(third, 30_000);
  await second.stop();
  await pod('web-4', '10.1.0.4');
  await fw.holds(
    { '10.1.0.1': ['ns_shop.web'], '10.1.0.3': ['ns_shop.web'], '10.1.0.4': ['ns_shop.web'] },
    { timeoutMs: 30_000 },
  );
  const texts = fw
    .messages()
    .slice(after)
    .map((message) => JSON.stringify(message));
  assert.equal(texts.length, 1, 'the rollback sent more than the new Pod');
  await third.stop();
});

test('the uninstall hook leaves nothing of ours behind', async () => {
  await cluster.patch('PanFirewall', { name: 'edge' }, { spec: { deletionPolicy: 'Purge' } });
  const rendered = await helm.render({ uninstall: { purge: true } });
  const { template } = only(rendered, 'Job', 'pan-tag-operator-uninstall')['spec'] as {
    template: { spec: { containers: readonly { args: readonly string[] }[] } };
  };
  const { args } = template.spec.containers[0] ?? assert.fail();
  const token = await cluster.serviceAccountToken(operatorNamespace, release);
  const said = await image.run({ args, token, plane });
  assert.match(said, /edge/);
  await fw.holds({});
});
