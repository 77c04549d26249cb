// registrationTimeoutSeconds: what carries a timeout, what becomes of it without an operator, and where it is not given.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { waitFor } from '../harness/wait-for.ts';
import { openStage, type StagedDevice } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;

let blocks = 0;

/** How much later it is on the devices than here. */
let aheadMs = 0;
const clock = () => performance.timeOrigin + performance.now() + aheadMs;

/** A firewall with a policy of the same name for it, and some Pods. */
async function setUp(name: string, pods: number, options: object = {}) {
  const block = ++blocks;
  const ips = Array.from({ length: pods }, (_, i) => `10.${block}.${i >> 8}.${i & 255}`);
  await cluster.createNamespace(name);
  await cluster.createPods(ips.map((ip, i) => ({ namespace: name, name: `web-${i}`, ips: [ip] })));
  const policy = { namespace: name, name: 'web' };
  await stage.policy(policy, { firewallNames: [name], tags: [{ template: 'web' }, { template: 'all' }] });
  const fw = await stage.firewall({ name, foreignOn: [], clock, ...options });
  const table = Object.fromEntries(ips.map((ip) => [ip, [`ns_${name}.all`, `ns_${name}.web`]]));
  return { fw, policy, table };
}

/** `<address> <tag>` of every tag that runs out -> seconds left. */
function timeouts({ simulator }: StagedDevice): ReadonlyMap<string, number> {
  const entries = Object.values(simulator.tables()).flatMap((table) => Object.entries(table));
  return new Map(
    entries.flatMap(([ip, { expiresIn = {} }]) =>
      Object.entries(expiresIn).map(([tag, left]) => [`${ip} ${tag}`, left] as const),
    ),
  );
}

/** It has the pace of a count: ten seconds after another one. */
async function statusTells(name: string, seconds: number): Promise<void> {
  const look = async () => {
    const { status } = await cluster.get('PanFirewall', { name });
    const { tables } = status as { tables?: { registrationTimeoutSeconds?: number }[] };
    assert.equal(tables?.[0]?.registrationTimeoutSeconds, seconds);
    return true;
  };
  await waitFor(look, { what: 'the timeout in the status', timeoutMs: 30_000 });
}

test('every tag of ours runs out, the mark and the tags of others do not; without an operator the device forgets', async () => {
  const name = 'forgets';
  const first = await stage.startOperator();
  const { fw, policy, table } = await setUp(name, 40, { spec: { registrationTimeoutSeconds: 900 } });
  await fw.holds(table, { timeoutMs: 30_000 });
  await stage.says('PanTagPolicy', policy, 'InSync', 20_000);
  await stage.says('PanFirewall', { name }, 'InSync', 20_000);
  const left = timeouts(fw);
  assert.equal(left.size, 80);
  for (const [pair, seconds] of left) assert.ok(seconds > 800 && seconds <= 900, `${pair} has ${seconds} s`);
  await statusTells(name, 900);
  const marks = fw.marks();
  assert.equal(marks.length, 1);

  await first.kill();
  aheadMs += 901_000;
  assert.deepEqual(fw.owned(), {});
  assert.deepEqual(fw.marks(), marks);
  fw.checkForeign();

  // No Lease is waited for: leadership tells of that.
  await stage.startOperator({ args: ['--log-level', 'debug', '--leader-elect=false'] });
  await fw.holds(table, { timeoutMs: 60_000 });
  assert.equal(timeouts(fw).size, 80);
});

test('timeouts come and go with the field, a few at a time, and every new tag is as the field says', async () => {
  const name = 'edits';
  const { fw, policy, table } = await setUp(name, 400);
  await fw.holds(table, { timeoutMs: 60_000 });
  await stage.says('PanTagPolicy', policy, 'InSync', 30_000);
  assert.equal(timeouts(fw).size, 0);

  await cluster.patch('PanFirewall', { name }, { spec: { registrationTimeoutSeconds: 900 } });
  const startedAt = performance.now();
  await waitFor(() => timeouts(fw).size >= 8, { what: 'some leases', timeoutMs: 90_000 });
  // Half of 900 s for 800 tags.
  const elapsed = (performance.now() - startedAt) / 1000;
  const given = timeouts(fw).size;
  assert.ok(given <= 30 + 3 * elapsed * (800 / 450), `${given} leases in ${elapsed} s`);
  assert.deepEqual(fw.owned(), table);
  await cluster.createPods([{ namespace: name, name: 'new', ips: ['10.250.0.1'] }]);
  const tags = [`ns_${name}.all`, `ns_${name}.web`];
  await fw.holds({ ...table, '10.250.0.1': tags }, { timeoutMs: 30_000 });
  assert.ok(timeouts(fw).has(`10.250.0.1 k8s-prod.ns_${name}.web`));

  await cluster.patch('PanFirewall', { name }, { spec: { registrationTimeoutSeconds: 0 } });
  // Pods come by another watch: the edit must have been taken up.
  await stage.says('PanFirewall', { name }, 'InSync', 30_000);
  await cluster.createPods([{ namespace: name, name: 'newer', ips: ['10.250.0.2'] }]);
  await fw.holds({ ...table, '10.250.0.1': tags, '10.250.0.2': tags }, { timeoutMs: 30_000 });
  const left = timeouts(fw);
  assert.ok(!left.has(`10.250.0.2 k8s-prod.ns_${name}.web`));
  // Those that were given come off within the turn; until then the status says that there are some.
  assert.ok(left.size > 0);
  await statusTells(name, 900);
});

test('a device of before 9.0 is given no timeout and told so, and policies go on', async () => {
  const name = 'old';
  const options = { identity: { swVersion: '8.1.25' }, spec: { registrationTimeoutSeconds: 900 } };
  const { fw, policy, table } = await setUp(name, 3, options);
  await fw.holds(table, { timeoutMs: 30_000 });
  const { conditions } = await stage.says('PanFirewall', { name }, 'InvalidSpec', 30_000);
  assert.match(
    conditions?.[0]?.message ?? '',
    /registrationTimeoutSeconds needs PAN-OS 9\.0 and the device has 8\.1\.25/,
  );
  await stage.says('PanTagPolicy', policy, 'InSync', 30_000);
  assert.equal(timeouts(fw).size, 0);
  await cluster.patch('PanFirewall', { name }, { spec: { registrationTimeoutSeconds: 0 } });
  await stage.says('PanFirewall', { name }, 'InSync', 30_000);
});

test('a timeout that the device could not bear is refused with the figure, and policies go on', async () => {
  const name = 'slow';
  const held = Array.from({ length: 30 }, (_, i) => `old-${i}`);
  const leftOver = Object.fromEntries(
    Array.from({ length: 300 }, (_, i) => [`10.99.${i >> 8}.${i & 255}`, held]),
  );
  const options = {
    leftOver,
    settings: { pairMs: { register: 20 } },
    spec: { registrationTimeoutSeconds: 900, removalGuard: { percent: 0, minimum: 0 } },
  };
  const { policy } = await setUp(name, 20, options);
  const { conditions } = await stage.says('PanFirewall', { name }, 'InvalidSpec', 60_000);
  assert.match(
    conditions?.[0]?.message ?? '',
    /900 is too short for this table: .* at most 20 % is given to it; set it to at least \d+/,
  );
  await stage.says('PanTagPolicy', policy, 'InSync', 30_000);
});
