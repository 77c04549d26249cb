// A small Pod network whose addresses go from Pod to Pod, 200 a minute: for a minute, or as a soak for as long as --minutes says.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { churn } from '../following/churn.ts';
import { figuresOf, firewallName, follow, percentile } from '../following/follow.ts';
import { describe, growthOf, readUsage, type Usage } from '../following/usage.ts';
import { install } from '../installation.ts';
import { openNode } from '../node.ts';

const namespace = 'churn';
/** 30 addresses. */
const range = { first: '10.20.0.200', last: '10.20.0.229' };
/** 8 of them. */
const narrowRange = { first: '10.20.0.200', last: '10.20.0.207' };
const narrowSeconds = 30;
const perMinute = 200;
const shortMinutes = 1.2;
/** Where the API server is too slow for a Lease, nobody writes for a while; what is left over later than that is left over. */
const leftOverMs = 120_000;
const lateMs = 5_000;

const minutes = Number(process.env['PANTAG_TEST_MINUTES'] || shortMinutes);
const isSoak = minutes >= 10;

const node = await openNode();
const operator = await install(node, { values: { replicaCount: 2 } });
after(() => operator.uninstall());
const following = await follow({ node, operator, namespace, limitMs: leftOverMs });
after(() => following[Symbol.asyncDispose]());
after(() => node.setPodRange());

/** How often a leader could not renew its Lease: the machine has more to do than it can, and times say nothing. */
async function countLostLeaderships(): Promise<number> {
  return (await operator.logs()).match(/"msg":"leadership lost"/g)?.length ?? 0;
}

if (!isSoak)
  test('more Pods than addresses: each that is freed goes to one that waits', async (t) => {
    await node.setPodRange(narrowRange);
    const end = AbortSignal.timeout(narrowSeconds * 1_000);
    await churn({ node, operator, namespace, perMinute: 400, most: 18 }, end);
    assert.deepEqual(await following.agrees(60_000), {}, 'left over at the end');
    const judgement = following.judgement();
    for (const figure of figuresOf(judgement)) t.diagnostic(figure);
    assert.deepEqual(judgement.faults, []);
    assert.ok(judgement.reused >= 8, `only ${judgement.reused} addresses reused`);
  });

test(`30 addresses, ${perMinute} Pods a minute, for ${minutes} minutes: never a former Pod's tag`, async (t) => {
  await node.setPodRange(range);
  const reusedBefore = following.judgement().reused;
  const end = new AbortController();
  const churning = churn({ node, operator, namespace, perMinute, most: 30 }, end.signal);
  t.after(async () => {
    end.abort();
    await churning;
  });
  const begin = performance.now();
  const elapsed = (): number => (performance.now() - begin) / 60_000;
  const samples: (readonly Usage[])[] = [await readUsage(operator)];
  const look = async (): Promise<void> => {
    const usage = await readUsage(operator);
    samples.push(usage);
    const { pods, reused, registered, unregistered, faults } = following.judgement();
    if (faults.length > 0) t.diagnostic(await operator.logs());
    assert.deepEqual(faults, []);
    await following.agrees(leftOverMs);
    const slowest = `p99 ${percentile(registered, 0.99).toFixed(0)} and ${percentile(unregistered, 0.99).toFixed(0)} ms`;
    const line = [
      `${elapsed().toFixed(1)} min: ${pods} Pods, ${reused} reused, ${slowest}`,
      ...usage.map(describe),
    ];
    process.stdout.write(`${line.join('; ')}\n`);
  };
  for (let minute = 1; minute <= minutes; minute += 1) {
    const left = begin + minute * 60_000 - performance.now();
    await Promise.race([sleep(left), churning.then(() => assert.fail('the churn has ended early'))]);
    await look();
  }
  await sleep(Math.max(0, begin + minutes * 60_000 - performance.now()));
  const churnedMinutes = elapsed();
  end.abort();
  const begun = await churning;
  assert.deepEqual(await following.agrees(leftOverMs), {}, 'left over at the end');
  await look();

  const judgement = following.judgement();
  t.diagnostic(
    `${(begun / churnedMinutes).toFixed(0)} bare Pods a minute, and those of a Deployment that is restarted`,
  );
  for (const figure of figuresOf(judgement)) t.diagnostic(figure);
  const lostLeaderships = await countLostLeaderships();
  t.diagnostic(`leadership lost ${lostLeaderships} times`);
  assert.deepEqual(judgement.faults, []);
  const reused = judgement.reused - reusedBefore;
  assert.ok(reused >= 15 * Math.floor(minutes), `only ${reused} addresses reused`);
  for (const name of ['registered', 'unregistered', 'outlived'] as const)
    if (lostLeaderships === 0) assert.ok(percentile(judgement[name], 0.99) < lateMs, `${name} late`);

  const { status } = await operator.cluster.get('PanFirewall', { name: firewallName });
  const { tables = [] } = status as {
    readonly tables?: readonly { state: string; held?: readonly object[] }[];
  };
  assert.deepEqual(
    tables.map(({ state, held = [] }) => ({ state, held })),
    [{ state: 'InSync', held: [] }],
  );
  for (const { pod, startedAt } of samples[0] ?? []) {
    const own = samples.map(
      (usage) => usage.find((one) => one.pod === pod) ?? assert.fail(`${pod} has gone`),
    );
    assert.deepEqual(
      new Set(own.map((usage) => usage.startedAt)),
      new Set([startedAt]),
      `${pod} has restarted`,
    );
    const last = own.at(-1);
    assert.equal(last?.missedChanges, 0);
    assert.equal(last.tablesLost, 0);
    const stall = Math.max(...own.map((usage) => usage.stall));
    t.diagnostic(`${pod}: longest stall ${stall.toFixed(1)} s`);
    if (lostLeaderships === 0) assert.ok(stall < 5, `${pod}: the event loop was blocked`);
    const [resident, heap, sockets] = [
      growthOf(own.map((usage) => usage.resident)),
      growthOf(own.map((usage) => usage.heap)),
      growthOf(own.map((usage) => usage.sockets)),
    ];
    t.diagnostic(`${describe(last)}; grown by ${resident.toFixed(1)} MiB, heap ${heap.toFixed(1)} MiB`);
    if (!isSoak) continue;
    assert.ok(resident < 32, `${pod}: its memory grows`);
    assert.ok(heap < 16, `${pod}: its heap grows`);
    assert.ok(sockets <= 4, `${pod}: its sockets grow`);
  }
});
