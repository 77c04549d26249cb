// Two replicas: one writes, the other takes over when the first dies, stops, sleeps or loses its Lease; never do both write.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { renderKubeconfig } from '../control-plane/access.ts';
import { startApiProxy } from '../harness/api-proxy.ts';
import type { OperatorProcess } from '../harness/operator-process.ts';
import { waitFor } from '../harness/wait-for.ts';
import { ask, metricSum, waitUntilReady } from './probes.ts';
import { wasUnregistered } from './replay.ts';
import { openStage, operatorNamespace } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster, plane } = stage;
const namespace = 'shop';
const addressOf = (n: number): string => `10.1.0.${n}`;
const fw = await stage.firewall({ name: 'edge', foreignOn: [addressOf(1), addressOf(11)] });
await cluster.createNamespace(namespace);
await stage.policy(
  { namespace, name: 'web' },
  { firewallNames: ['edge'], tags: [{ template: 'web' }, { labelKeys: ['color'] }] },
);

/** address -> color. Pods 1 to 10 are never touched; they have run for an hour. */
const colors = new Map<string, string>();
const tagsOf = (color: string): string[] => ['ns_shop.web', `ns_shop.color.${color}`];
const expected = () => Object.fromEntries([...colors].map(([ip, color]) => [ip, tagsOf(color)]));
const still = Array.from({ length: 10 }, (_, i) => addressOf(i + 1));
const anHourAgo = new Date(Date.now() - 3_600_000);

async function create(name: string, ip: string, color: string, networkReadyAt = new Date()): Promise<void> {
  await cluster.createPod({ namespace, name, ips: [ip], labels: { color }, networkReadyAt });
  colors.set(ip, color);
}

for (const [i, ip] of still.entries()) await create(`still-${i}`, ip, 'grey', anHourAgo);
let leader = await stage.startOperator();
await fw.holds(expected());

/** A replica that stands by with everything listed. */
async function standby(options: Parameters<typeof stage.startOperator>[0] = {}): Promise<OperatorProcess> {
  const replica = await stage.startOperator(options);
  await waitUntilReady(replica);
  return replica;
}

async function leading(replica: OperatorProcess): Promise<number> {
  const { time } = await replica.waitForLog(({ msg }) => msg === 'leading', 30_000);
  return Date.parse(String(time));
}

/** Labels change all the time, on Pods of their own. */
async function startChurn(first: number): Promise<() => Promise<void>> {
  const pods = [0, 1, 2, 3].map((i) => ({ name: `churn-${first + i}`, ip: addressOf(first + i) }));
  for (const { name, ip } of pods) await create(name, ip, 'none', anHourAgo);
  const stop = new AbortController();
  const churn = async (): Promise<void> => {
    for (let n = 0; !stop.signal.aborted; n += 1) {
      for (const { name, ip } of pods) {
        await cluster.labelPod({ namespace, name }, { color: `n${n}` });
        colors.set(ip, `n${n}`);
      }
      await sleep(20);
    }
  };
  const running = churn();
  return async () => {
    stop.abort();
    await running;
  };
}

/** Until the churn has reached the device. */
async function busy(): Promise<void> {
  const { length } = fw.messages();
  await waitFor(() => fw.messages().length > length + 3, { what: 'the churn to reach the device' });
}

/** What a replica says it asked of the device, and what the device heard of anybody since its log was so long. */
async function assertSoleWriter(writer: OperatorProcess, since: number): Promise<void> {
  await waitFor(
    async () => {
      const { text } = await ask(writer, '/metrics');
      assert.equal(metricSum(text, 'pantag_device_requests_total'), fw.simulator.log().length - since);
      return true;
    },
    { what: 'every request to be the one writer’s' },
  );
}

function assertStillUntouched(): void {
  for (const ip of still) {
    for (const tag of tagsOf('grey')) assert.ok(!wasUnregistered(fw.messages(), ip, fw.tagPrefix + tag), ip);
  }
}

/** Pods go, come and hand over their addresses while nobody leads. */
async function changeUnled(round: number): Promise<void> {
  const [gone, passed, kept] = [0, 1, 2].map((i) => addressOf(round * 20 + 100 + i)) as [
    string,
    string,
    string,
  ];
  await cluster.deletePod({ namespace, name: `gone-${round}` });
  colors.delete(gone);
  await cluster.deletePod({ namespace, name: `passed-${round}` });
  await create(`heir-${round}`, passed, 'blue');
  await cluster.labelPod({ namespace, name: `kept-${round}` }, { color: 'blue' });
  colors.set(kept, 'blue');
}

async function prepareUnled(round: number): Promise<void> {
  for (const [i, name] of ['gone', 'passed', 'kept'].entries()) {
    await create(`${name}-${round}`, addressOf(round * 20 + 100 + i), 'red', anHourAgo);
  }
  await fw.holds(expected());
}

/** All removals of the takeover went for what the standby had seen. */
function assertCausesSeen(replica: OperatorProcess): void {
  const causes = replica.logs().flatMap(({ causes }) => Object.keys((causes as object | undefined) ?? {}));
  assert.deepEqual([...new Set(causes)].sort(), ['newHolder', 'relabelled', 'vacated']);
}

test('the leader is killed under churn: the next one writes within 14 s, and knows what it saw meanwhile', async () => {
  await prepareUnled(0);
  const next = await standby();
  const stopChurn = await startChurn(20);
  await busy();
  const killedAt = Date.now();
  await leader.kill();
  const { length: requests } = fw.simulator.log();
  const { length: messages } = fw.messages();
  await changeUnled(0);
  const ledAt = await leading(next);
  await waitFor(() => fw.messages().length > messages, { what: 'a message of the next leader' });
  const first = fw.messages()[messages]?.t ?? 0;
  assert.ok(first >= ledAt && first - killedAt <= 14_000, `after ${first - killedAt} ms`);
  await stopChurn();
  await fw.holds(expected());
  assertCausesSeen(next);
  assertStillUntouched();
  await assertSoleWriter(next, requests);
  leader = next;
});

test('the leader stops under churn: the next one writes within 2 s', async () => {
  const stopChurn = await startChurn(30);
  const gaps: number[] = [];
  // Twice, as the machine may be busy with something else once.
  for (const _ of [1, 2]) {
    const next = await standby();
    const stoppedAt = Date.now();
    const { length: requests } = fw.simulator.log();
    await leader.stop();
    const ledAt = await leading(next);
    const ofNext = () => fw.messages().find(({ t }) => t > ledAt);
    await waitFor(() => ofNext() !== undefined, { what: 'a message of the next leader' });
    gaps.push((ofNext()?.t ?? 0) - stoppedAt);
    assert.ok(fw.simulator.log().length > requests);
    leader = next;
  }
  await stopChurn();
  assert.ok(Math.min(...gaps) <= 2_000, `after ${gaps.join(' and ')} ms`);
  await fw.holds(expected());
  assertStillUntouched();
});

test('the leader sleeps beyond its Lease with work in its hands: when it wakes, it sends nothing more', async () => {
  await prepareUnled(2);
  const next = await standby();
  const stopChurn = await startChurn(40);
  fw.simulator.inject({ fault: 'slow', on: 'message', ms: 2_000, count: 1 });
  await waitFor(() => fw.simulator.faults().some(({ effects }) => effects > 0), {
    what: 'a message to be held',
  });
  // Its reply comes while the leader sleeps, and more changes wait behind it.
  await sleep(500);
  leader.pause();
  await changeUnled(2);
  await leading(next);
  const asleep = leader;
  await stopChurn();
  await fw.holds(expected());
  const { text } = await ask(next, '/metrics');
  const { length: heard } = fw.simulator.log();
  const own = metricSum(text, 'pantag_device_requests_total');
  asleep.resume();
  await asleep.waitForLog(({ msg }) => msg === 'leadership lost', 20_000);
  const stopMore = await startChurn(50);
  await sleep(1_000);
  await stopMore();
  await fw.holds(expected());
  await assertSoleWriter(next, heard - own);
  assertStillUntouched();
  // Awake again, it stands by, and is of use.
  await next.stop();
  const again = await asleep.waitForLog(
    ({ msg, time }) => msg === 'leading' && Date.parse(String(time)) > Date.now() - 20_000,
    20_000,
  );
  assert.ok(again);
  leader = asleep;
});

test('the Lease calls of the leader get lost, and nothing else: it falls silent before the next one begins', async () => {
  await leader.stop();
  await using proxy = await startApiProxy(plane);
  const adminToken = await cluster.serviceAccountToken(operatorNamespace, 'pan-tag-operator');
  const kubeconfig = await plane.kubeconfigFor({ token: adminToken });
  await writeFile(kubeconfig, renderKubeconfig({ ...proxy.access, adminToken }), { mode: 0o600 });
  const cut = await standby({ kubeconfig });
  await leading(cut);
  const next = await standby();
  const stopChurn = await startChurn(60);
  await busy();
  proxy.swallow(/\/leases/);
  const { time } = await cut.waitForLog(({ msg }) => msg === 'leadership lost', 20_000);
  const silentAt = Date.parse(String(time));
  const { length: heard } = fw.simulator.log();
  const ledAt = await leading(next);
  const between = fw.simulator.log().filter(({ t }) => t > silentAt && t < ledAt);
  assert.deepEqual(between, [], 'nobody writes between two leaders');
  assert.ok(ledAt - silentAt >= 2_000, `${ledAt - silentAt} ms between them`);
  assert.ok(proxy.swallowed() > 0);
  await stopChurn();
  await fw.holds(expected());
  await assertSoleWriter(next, heard);
  const { text } = await ask(cut, '/metrics');
  assert.equal(metricSum(text, 'pantag_leader'), 0);
  await waitUntilReady(cut);
  assertStillUntouched();
});
