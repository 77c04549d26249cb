// Two hundred policies in churn: Ready stays, all writes keep their pace, conditions come first, and quiet is quiet.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inParallel } from '../harness/in-parallel.ts';
import { waitFor } from '../harness/wait-for.ts';
import { openStage } from './stage.ts';
import { type SeenStatus, type StatusWatch, watchStatuses } from './status-watch.ts';
import type { Status } from './statuses.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster, plane } = stage;

const namespace = 'crowd';
const policies = Array.from({ length: 200 }, (_, i) => `policy-${i}`);
const pods = Array.from({ length: 100 }, (_, i) => ({ namespace, name: `pod-${i}` }));
const churnMs = 15_000;
/** What this machine's load may add between a write and our seeing it. */
const lateMs = 2_000;

const fw = await stage.firewall({ name: 'edge', foreignOn: [] });
await cluster.createNamespace(namespace);
await cluster.createPods(
  pods.map((pod, i) => ({ ...pod, labels: { app: policies[i] ?? '' }, ips: [`10.1.0.${i + 1}`] })),
);
await inParallel(policies, (app) =>
  stage.policy(
    { namespace, name: app },
    { firewallNames: ['edge'], podSelector: { matchLabels: { app } }, tags: [{ template: app }] },
  ),
);

const watching = await watchStatuses(plane, '/apis/pantag.io/v1alpha1/pantagpolicies');
await stage.startOperator();
after(() => watching[Symbol.asyncDispose]());

type Policy = { readonly metadata: { readonly name: string; readonly resourceVersion: string } } & {
  readonly status?: Status;
};
const allPolicies = () => cluster.list<Policy>('PanTagPolicy', namespace);

/** Moves Pods from policy to policy as fast as the API server takes it; two policies' counts change each time. */
async function churn(signal: AbortSignal): Promise<number> {
  let moves = 0;
  while (!signal.aborted) {
    moves += pods.length;
    await inParallel(
      pods,
      (pod) => cluster.labelPod(pod, { app: policies[Math.floor(Math.random() * policies.length)] ?? '' }),
      4,
    );
  }
  return moves;
}

function checkPace(writes: readonly SeenStatus[]): void {
  for (const [i, { at }] of writes.entries()) {
    const others = writes.slice(i).filter((write) => write.at < at + 10_000);
    // Ten a second, and those whose sight was delayed until the window began.
    assert.ok(others.length <= 100 + 10 * (lateMs / 1000), `${others.length} writes in 10 s`);
  }
}

const since = (watch: StatusWatch, at: number) => watch.writes.filter((write) => write.at >= at);

test('every policy becomes Ready, ten a second', async () => {
  const look = async () => {
    const ready = (await allPolicies()).filter(({ status }) => status?.conditions?.[0]?.status === 'True');
    assert.equal(ready.length, policies.length);
    return true;
  };
  await waitFor(look, { what: 'every policy to be Ready', timeoutMs: 90_000, intervalMs: 500 });
  checkPace(watching.writes);
});

test('in churn every policy stays Ready, writes keep their pace, and a condition is written at once', async () => {
  const from = performance.now();
  const end = new AbortController();
  const churning = churn(end.signal);
  await sleep(churnMs / 2);
  const lost = { namespace, name: 'lost' };
  const createdAt = performance.now();
  await stage.policy(lost, { firewallNames: ['nowhere'], tags: [{ template: 'x' }] });
  const first = await waitFor(() => watching.writes.find(({ name }) => name === lost.name), {
    what: 'the condition of the policy that names no firewall',
    timeoutMs: 20_000,
  });
  assert.equal(first.reason, 'FirewallMissing');
  await sleep(churnMs / 2);
  end.abort();
  const moves = await churning;
  const writes = since(watching, from);
  const unready = writes.filter(({ name, ready }) => name !== lost.name && !ready);
  assert.deepEqual(unready, [], 'no policy loses Ready to churn');
  checkPace(writes);
  const seconds = (performance.now() - from) / 1000;
  assert.ok(writes.length > 4 * seconds, `${writes.length} writes in ${seconds} s`);
  assert.ok(first.at - createdAt < 1_000 + lateMs, `written after ${first.at - createdAt} ms`);
  assert.ok(moves > policies.length, `${moves} moves`);
});

test('when the churn has ended, counts become exact, and then nothing moves any more', async () => {
  const settled = async () => {
    const labels = await cluster.list<{ metadata: { labels: { app: string } } }>('Pod', namespace);
    const apps = labels.map(({ metadata }) => metadata.labels.app);
    for (const { metadata, status } of await allPolicies()) {
      if (metadata.name === 'lost') continue;
      const expected = apps.filter((app) => app === metadata.name).length;
      const { pods: selected, addresses, firewalls = [] } = status ?? {};
      assert.deepEqual([selected, addresses, firewalls[0]?.pending], [expected, expected, 0], metadata.name);
    }
    return true;
  };
  // With the status, so that a failure shows what moved.
  const versions = async () => {
    const all = [...(await allPolicies()), ...(await cluster.list<Policy>('PanFirewall'))];
    return Object.fromEntries(
      all.map(({ metadata, status }) => [metadata.name, [metadata.resourceVersion, JSON.stringify(status)]]),
    );
  };
  // NoPods names labels of other Pods, and waits in the same queue as counts, which a pause of 2 s shows to be empty.
  let last = '';
  const drained = async () => {
    await settled();
    const seen = last;
    last = JSON.stringify(await versions());
    return last === seen;
  };
  await waitFor(drained, {
    what: 'exact counts, and no write for 2 s',
    timeoutMs: 90_000,
    intervalMs: 2_000,
  });
  await stage.counts('PanFirewall', { name: 'edge' }, ({ owned, pending }) =>
    assert.deepEqual([owned, pending], [pods.length, 0]),
  );
  const before = { versions: await versions(), messages: fw.messages().length };
  // Nothing tells that nothing will happen; a write that is late by its pace would come within this.
  await sleep(11_000);
  assert.deepEqual({ versions: await versions(), messages: fw.messages().length }, before);
});
