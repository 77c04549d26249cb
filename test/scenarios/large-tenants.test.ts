// A tenant with very much of one thing: labels on one Pod, or tags that a device refuses. The others' changes go on.
//
// Latencies are printed, as the machine decides over them; what is asserted is that the event loop did not stand.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inParallel } from '../harness/in-parallel.ts';
import { waitFor } from '../harness/wait-for.ts';
import { startFollower, told } from './followed-changes.ts';
import { longestStall } from './probes.ts';
import { openStage } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;
// Stalls are those of the default level: at debug each of 16,000 pairs is a part of a log line.
const operator = await stage.startOperator({ args: ['--log-level', 'info'] });

const labelCount = 20_000;
const tagsOfAddress = 64;
/** Several times what either takes on a loaded machine; without a limit of tags the large Pod alone took 2.5 s and more. */
const stallLimitSeconds = 1;

const edge = await stage.firewall({
  name: 'edge',
  foreignOn: [],
  settings: { limits: { tagsPerAddress: tagsOfAddress } },
  spec: { limits: { maxTagsPerAddress: tagsOfAddress } },
});
const { follow: followBank } = await startFollower(cluster, {
  namespace: 'bank',
  firewall: 'edge',
  device: edge,
});

const stalled = () => longestStall(operator);

test('a Pod with 20,000 labels, one of which flips every second: nobody else waits, and 64 tags are taken', async (t) => {
  await stalled();
  const alone = await followBank('alone', 100);
  t.diagnostic(`without it: ${told(alone, await stalled())}`);

  const pod = { namespace: 'large', name: 'labelled' };
  const [address, policy] = ['10.2.0.1', { namespace: 'large', name: 'all-labels' }];
  const numbers = Array.from({ length: labelCount - 1 }, (_, i) => [`l${i}`, 'v'] as const);
  await cluster.createNamespace('large');
  await stage.policy(policy, { firewallNames: ['edge'], tags: [{ labelKeys: ['*'] }] });
  await cluster.createPod({
    ...pod,
    labels: { ...Object.fromEntries(numbers), flips: 'n0' },
    ips: [address],
  });
  const isFull = () => edge.owned()[address]?.length === tagsOfAddress;
  await waitFor(isFull, { what: `${tagsOfAddress} tags on ${address}` });
  t.diagnostic(`when it came: longest stall ${Math.round((await stalled()) * 1000)} ms`);

  let flips = 0;
  const ended = new AbortController();
  const flipping = (async () => {
    while (!ended.signal.aborted) {
      await cluster.labelPod(pod, { flips: `n${++flips}` });
      await sleep(1000, undefined, { signal: ended.signal }).catch(() => {});
    }
  })();
  const beside = await followBank('beside', 333).finally(() => ended.abort());
  await flipping;
  const stall = await stalled();
  t.diagnostic(`beside it: ${told(beside, stall)}; ${flips} flips`);
  // The API server itself takes up to a second for each on a loaded machine.
  assert.ok(flips >= 5, `${flips} flips`);
  assert.ok(stall <= stallLimitSeconds, `the event loop stood for ${stall} s`);

  // The label that flips is among those that are taken, and the last flip is followed.
  const last = `ns_large.flips.n${flips}`;
  await waitFor(() => edge.owned()[address]?.includes(last), { what: last });
  const tags = edge.owned()[address] ?? [];
  assert.equal(tags.length, tagsOfAddress);
  for (const tag of tags) assert.ok(tag.startsWith('ns_large.'), tag);
  await stage.says('PanTagPolicy', policy, 'TagLimitExceeded');
  await stage.counts('PanTagPolicy', policy, ({ skipped = [] }) =>
    assert.deepEqual(skipped, [{ reason: 'TagLimit', count: 1, example: 'labelled' }]),
  );
  await stage.says('PanTagPolicy', { namespace: 'bank', name: 'turns' }, 'InSync');
  await cluster.deletePod(pod);
});

test('32 tags on each of 500 IPv6 addresses, every one refused by name: another firewall is followed meanwhile', async (t) => {
  const [namespace, name] = ['refused', 'refuser'];
  const pods = Array.from({ length: 500 }, (_, i) => ({
    namespace,
    name: `p-${i}`,
    ips: [`2001:db8:1234:5678:9abc:def0:1:${(i + 1).toString(16)}`],
  }));
  // Only the mark is short enough.
  const refuser = await stage.firewall({ name, foreignOn: [], settings: { limits: { tagLength: 40 } } });
  await stage.says('PanFirewall', { name }, 'InSync');
  await cluster.createNamespace(namespace);
  await cluster.createPods(pods);
  await stalled();

  const policy = { namespace, name: 'long' };
  const tags = Array.from({ length: 32 }, (_, i) => ({ template: `longer-than-it-takes-${i}.{{ pod }}` }));
  await stage.policy(policy, { firewallNames: [name], tags });
  const startedAt = performance.now();
  await waitFor(() => refuser.messages().length > 2, { what: 'the first refusals', intervalMs: 1 });
  const takingUp = await stalled();
  t.diagnostic(`the policy for ${pods.length} Pods: longest stall ${Math.round(takingUp * 1000)} ms`);
  assert.ok(takingUp <= stallLimitSeconds, `the event loop stood for ${takingUp} s`);
  const [latencies] = await Promise.all([
    followBank('refused', 100),
    stage.counts('PanTagPolicy', policy, ({ firewalls = [] }) =>
      assert.deepEqual(
        firewalls.map(({ failed }) => failed),
        [pods.length],
      ),
    ),
  ]);
  const stall = await stalled();
  const tookMs = Math.round(performance.now() - startedAt);
  const sent = new Set(
    refuser.messages().flatMap(({ register }) => register.map(({ ip, tag }) => `${ip} ${tag}`)),
  );
  t.diagnostic(`meanwhile: ${told(latencies, stall)}`);
  t.diagnostic(
    `${sent.size} pairs in ${refuser.messages().length} messages, all refused within ${tookMs} ms`,
  );
  assert.ok(stall <= stallLimitSeconds, `the event loop stood for ${stall} s`);
  // Each pair was sent, the mark too.
  assert.equal(sent.size, pods.length * tags.length + 1);
  assert.deepEqual(refuser.owned(), {});
  const { conditions = [] } = await stage.says('PanTagPolicy', policy, 'RegistrationRejected', 30_000);
  assert.match(conditions[0]?.message ?? '', /longer-than-it-takes-\d+/);
  await inParallel(pods, (pod) => cluster.deletePod(pod));
});
