// Few and full messages, one at a time; and a stop that lets the message on its way end.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogEntry } from '../../simulator/simulator.ts';
import { waitFor } from '../harness/wait-for.ts';
import type { Owned } from './device.ts';
import { openStage } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;

const policy = { namespace: 'crowd', name: 'web' };
const podCount = 3000;
const crowd = Array.from({ length: podCount }, (_, i) => ({
  namespace: 'crowd',
  name: `web-${i}`,
  labels: { app: `app-${i % 7}` },
  ips: [`10.1.${Math.floor(i / 250)}.${(i % 250) + 1}`],
}));
/** What shall be on the device; the tests change it as they change Pods. */
const expected: Record<string, string[]> = Object.fromEntries(
  crowd.map(({ ips: [ip = ''], labels }) => [ip, ['ns_crowd.web', `ns_crowd.app.${labels.app}`]]),
);

/** Gives one Pod a tier, or another one. */
async function setTier(index: number, tier: string): Promise<void> {
  const pod = crowd[index];
  assert.ok(pod !== undefined);
  await cluster.labelPod(pod, { tier });
  const [ip = ''] = pod.ips;
  expected[ip] = ['ns_crowd.web', `ns_crowd.app.${pod.labels.app}`, `ns_crowd.tier.${tier}`];
}

const readyCondition = async () => (await stage.says('PanTagPolicy', policy, 'InSync')).conditions;

/** Each message begins after the one before has ended. */
function assertOneAtATime(messages: readonly LogEntry[]): void {
  const late = messages.filter(({ t }, i) => {
    const before = messages[i - 1];
    return before !== undefined && t < before.t + before.durationMs;
  });
  assert.deepEqual(late, []);
}

await cluster.createNamespace('crowd');
await stage.policy(policy, {
  firewallNames: ['edge'],
  tags: [{ template: 'web' }, { labelKeys: ['app', 'tier'] }],
});
const fw = await stage.firewall({ name: 'edge', foreignOn: ['10.1.0.1', '10.1.7.1'] });
await cluster.createPods(crowd);
let operator = await stage.startOperator();

test('3,000 Pods that are there at the start need few messages, each as full as it may be', async () => {
  await fw.holds(expected, { timeoutMs: 20_000 });
  // The first one marks the table.
  const [, ...messages] = fw.messages();
  const entries = messages.map(({ register }) => new Set(register.map(({ ip }) => ip)).size);
  assert.ok(messages.length <= Math.ceil(podCount / 500) + 2, `${entries.join(' + ')} entries`);
  assert.ok(Math.max(...entries) <= 500, `${entries.join(' + ')} entries`);
  assert.equal(
    entries.reduce((sum, count) => sum + count),
    podCount,
  );
  assertOneAtATime(messages);
  await stage.counts('PanTagPolicy', policy, ({ pods, addresses }) =>
    assert.deepEqual({ pods, addresses }, { pods: podCount, addresses: podCount }),
  );
});

test('while a message takes a second, arriving changes need at most one message a second', async () => {
  fw.simulator.settings({ latencyMs: { message: 1000 } });
  const { length: before } = fw.messages();
  const ready = await readyCondition();
  const startedAt = performance.now();
  for (let i = 0; performance.now() - startedAt < 3000; i++) {
    await setTier(i % 40, `round-${Math.floor(i / 40)}`);
    await sleep(20);
  }
  await fw.holds(expected);
  const messages = fw.messages().slice(before);
  assert.ok(messages.length >= 3, `${messages.length} messages`);
  for (const [i, { t }] of messages.entries()) {
    const wait = t - (messages[i - 1]?.t ?? 0);
    assert.ok(wait >= 990, `message ${i} came ${wait} ms after the one before`);
  }
  assertOneAtATime(messages);
  // Ordinary churn: a condition that had been lost meanwhile would have a younger transition.
  assert.deepEqual(await readyCondition(), ready);
  fw.simulator.settings({ latencyMs: { message: 0 } });
});

test('a stop lets the message on its way end, and sends nothing more', async () => {
  const { length: before } = fw.messages();
  fw.simulator.inject({ fault: 'slow', on: 'message', ms: 1000, count: 1 });
  await setTier(100, 'first');
  await waitFor(() => fw.simulator.faults()[0]?.effects === 1, { what: 'the message to be on its way' });
  const whileInFlight: Owned = structuredClone(expected);
  await setTier(101, 'second');
  const exit = await operator.stop();
  assert.deepEqual(exit, { code: 0, signal: null });
  await fw.holds(whileInFlight);
  const sent = fw.messages().slice(before);
  assert.deepEqual(
    sent.map(({ applied, status, httpStatus }) => ({ applied, status, httpStatus })),
    [{ applied: true, status: 'success', httpStatus: 200 }],
  );
  const said = operator.logs().map(({ msg }) => msg);
  assert.deepEqual(
    said.slice(said.indexOf('stopping')).filter((msg) => msg !== undefined),
    ['stopping', 'table updated', 'pairs', 'leadership lost', 'stopped'],
  );
  // The next one goes on with what was left.
  operator = await stage.startOperator();
  await fw.holds(expected);
  assert.equal(fw.messages().length, before + 2);
});
