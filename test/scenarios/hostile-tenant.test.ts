// A tenant who writes policies and labels to get into groups that are not his, or to get in everybody's way.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { inParallel } from '../harness/in-parallel.ts';
import { waitFor } from '../harness/wait-for.ts';
import { openStage } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;
await stage.startOperator();

const edge = await stage.firewall({ name: 'edge', foreignOn: ['10.1.0.1', '10.2.0.1'] });
const vault = await stage.firewall({
  name: 'vault',
  foreignOn: ['10.2.0.1'],
  namespaceSelector: { matchLabels: { team: 'bank' } },
});
await cluster.createNamespace('bank', { team: 'bank' });
await cluster.createNamespace('evil', { team: 'evil' });
await stage.policy(
  { namespace: 'bank', name: 'web' },
  { firewallNames: ['edge', 'vault'], tags: [{ template: 'web' }] },
);
// What the administrator grants by labels stays outside of every namespace's and the operator's own tags.
await stage.policy(
  { name: 'groups' },
  {
    firewallNames: ['edge'],
    namespaceSelector: {},
    tags: [{ template: '{{ labels.group }}' }, { labelKeys: ['ns*', 'x*'] }],
  },
);
await cluster.createPod({ namespace: 'bank', name: 'teller', ips: ['10.1.0.1'] });
const bank = { '10.1.0.1': ['ns_bank.web'] };
await Promise.all([edge.holds(bank), vault.holds(bank)]);

/** What the administrator's policy makes of the tenant's label ns-bank.web. */
const granted = 'ns-bank.web.ns_bank.web';

/** Accepted as texts: they mean nothing to a device or a filter but themselves. */
const texts = [
  'ns_bank.web',
  '../ns_bank.web',
  'k8s-prod.ns_bank.web',
  '_owner.0123456789ab',
  'quarantine',
  '</member></tag></entry></register><unregister><entry>',
  '</tag></entry></register></payload></uid-message>',
  '&lt;member&gt;&amp;&#39;&#x27;',
  '<![CDATA[x]]>',
  '<!--',
  '<!DOCTYPE x [<!ENTITY e SYSTEM (file:///etc/passwd)>]>&e;',
  'web or k8s-prod.ns_bank.web',
  '(web) and not web',
  '%27 or %27',
  '*',
  '$(id) `id` ;id',
  'a&type=op&cmd=x',
  'größe 😀 \u202Ebew',
];

test('whatever a policy says stays behind the name of its namespace, letter by letter', async () => {
  await cluster.createPod({
    namespace: 'evil',
    name: 'web',
    labels: { 'ns-bank.web': 'ns_bank.web', ns_bank: 'web' },
    ips: ['10.2.0.1'],
  });
  const tags = [...texts.map((template) => ({ template })), { labelKeys: ['ns*'] }];
  const policy = { namespace: 'evil', name: 'escape' };
  await stage.policy(policy, { firewallNames: ['edge', 'vault'], tags });
  const inside = [...new Set([...texts, 'ns-bank.web.ns_bank.web', 'ns_bank.web'])];
  await edge.holds({ ...bank, '10.2.0.1': [...inside.map((text) => `ns_evil.${text}`), granted] });
  // A firewall that does not admit the namespace has not heard of it.
  await stage.says('PanTagPolicy', policy, 'NotAdmitted');
  assert.deepEqual(vault.owned(), bank);
  const own = Object.values(edge.simulator.tables()['vsys1']?.['10.2.0.1']?.tags ?? []);
  for (const tag of own.filter((one) => one.startsWith(edge.tagPrefix))) {
    assert.doesNotMatch(tag, /['"\p{Cc}]/u, 'what could end a quoted tag in a filter');
  }
  await cluster.remove('PanTagPolicy', policy);
  await edge.holds({ ...bank, '10.2.0.1': [granted] });
});

test('labels reach into no namespace and not to the marker by way of a cluster-wide policy', async () => {
  const labels = [{ group: 'ns_bank.web' }, { group: 'ns_x' }, { ns_bank: 'web' }, { group: 'nsx', xa: 'b' }];
  await inParallel([...labels.entries()], ([i, set]) =>
    cluster.createPod({ namespace: 'evil', name: `try-${i}`, labels: set, ips: [`10.2.1.${i}`] }),
  );
  const table = { ...bank, '10.2.0.1': [granted], '10.2.1.3': ['nsx', 'xa.b'] };
  await edge.holds(table);
  await stage.counts('ClusterPanTagPolicy', { name: 'groups' }, ({ skipped = [] }) => {
    const illegal = skipped.find(({ reason }) => reason === 'IllegalTag');
    assert.deepEqual(illegal, { reason: 'IllegalTag', count: 4, example: 'evil/try-0' });
  });
  for (const template of ['ns_bank.web', '_owner.0123456789ab', '_{{ labels.group }}']) {
    const spec = { firewallNames: ['edge'], namespaceSelector: {}, tags: [{ template }] };
    await assert.rejects(stage.policy({ name: 'reserved' }, spec), /must not begin with ns_ or _/);
  }
});

test('what could leave its quotes is refused at admission, with the field', async () => {
  const refused = ["web' or 'x", 'say "x"', 'a\nb', 'a\u0000b', '{{ labels.a', '{{ secret }}', '\uFFFF'];
  for (const template of refused) {
    const spec = { firewallNames: ['edge'], tags: [{ template }] };
    await assert.rejects(
      stage.policy({ namespace: 'evil', name: 'refused' }, spec),
      /spec\.tags\[0\]\.template/,
      template,
    );
  }
});

test('32 tags on each of 300 Pods, twice what the device takes, and restless: nobody else waits', async () => {
  const flood = Array.from({ length: 300 }, (_, i) => ({
    namespace: 'evil',
    name: `flood-${i}`,
    labels: { flood: 'yes' },
    ips: [`10.3.${Math.floor(i / 100)}.${(i % 100) + 1}`],
  }));
  const podSelector = { matchLabels: { flood: 'yes' } };
  const many = (word: string) =>
    Array.from({ length: 32 }, (_, i) => ({ template: `${word}-${i}.{{ pod }}` }));
  const floods = ['a', 'b'].map((name) => ({ namespace: 'evil', name }));
  for (const ref of floods) {
    await stage.policy(ref, { firewallNames: ['edge'], podSelector, tags: many(ref.name) });
  }
  const coming = cluster.createPods(flood);
  const late: Record<string, readonly string[]> = {};
  for (let i = 2; i <= 9; i += 1) {
    const address = `10.1.0.${i}`;
    late[address] = ['ns_bank.web'];
    await cluster.createPod({ namespace: 'bank', name: `late-${i}`, ips: [address] });
    const isThere = () => edge.owned()[address]?.join() === 'ns_bank.web';
    await waitFor(isThere, { what: `${address} amid the flood`, timeoutMs: 5_000, intervalMs: 20 });
    await cluster.labelPod({ namespace: 'evil', name: 'web' }, { restless: `r-${i}` });
  }
  await coming;
  await vault.holds({ ...bank, ...late });
  const full = () =>
    flood.every(({ ips: [address = ''] }) => edge.owned()[address]?.length === 32) || undefined;
  await waitFor(full, { what: 'every address to be full', timeoutMs: 60_000 });
  for (const tag of flood.flatMap(({ ips: [address = ''] }) => edge.owned()[address] ?? [])) {
    assert.ok(tag.startsWith('ns_evil.'), tag);
  }
  // What is left out is the flood's own misfortune.
  await stage.says('PanTagPolicy', { namespace: 'bank', name: 'web' }, 'InSync', 30_000);
  await Promise.any(floods.map((ref) => stage.says('PanTagPolicy', ref, 'TagLimitExceeded', 30_000)));

  await inParallel(flood, (pod) => cluster.deletePod(pod));
  await edge.holds(
    { ...bank, ...late, '10.2.0.1': [granted], '10.2.1.3': ['nsx', 'xa.b'] },
    { timeoutMs: 30_000 },
  );
});
