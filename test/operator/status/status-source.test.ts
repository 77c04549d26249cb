// Statuses by keys: they equal those of computing everything, and a change costs what it touches.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { PodRecord } from '../../../src/kubernetes/codec/pod-record.ts';
import { StatusWorld } from './status-world.ts';
import { podRecord } from '../pod-records.ts';

const pod = (n: number, more: Parameters<typeof podRecord>[2] = {}): PodRecord =>
  podRecord(`p${n}`, `10.0.${n >> 8}.${n & 255}`, { name: `web-${n}`, ...more });
const firewallSpec = {
  endpoint: 'https://fw.example.net',
  tagPrefix: 'k8s.',
  credentials: { secretRef: { name: 'edge' } },
  namespaceSelector: {},
  deletionPolicy: 'Retain',
};
const policySpec = (firewallNames: readonly string[], app: string) => ({
  firewallNames,
  podSelector: { matchLabels: { app } },
  tags: [{ template: `t-${app}` }],
});

/** Policies in turn for two PanFirewalls, each with a Pod of its own, all confirmed and written. */
async function quietWorld(policies: number): Promise<StatusWorld> {
  const world = new StatusWorld(Number.NEGATIVE_INFINITY);
  world.namespace({ name: 'shop', labels: new Map() });
  for (const name of ['edge-0', 'edge-1']) await world.put(name, firewallSpec);
  for (let i = 0; i < policies; i += 1) {
    await world.put(`shop/of-${i}`, policySpec([`edge-${i % 2}`], `a${i}`));
    world.pod(pod(i, { labels: new Map([['app', `a${i}`]]) }));
  }
  for (const firewall of world.firewalls.values())
    for (const address of firewall.pending) firewall.confirm(address);
  world.settle();
  world.computed = 0;
  return world;
}

for (const policies of [20, 1000]) {
  test(`an address that changes costs a few statuses, with ${policies} policies`, async (t) => {
    const world = await quietWorld(policies);
    world.pod(pod(3, { labels: new Map([['app', 'a3']]), addresses: ['10.1.0.1'] }));
    world.pass();
    const { computed } = world;
    t.diagnostic(`${computed} statuses`);
    // Its policy and its PanFirewall, and those whose second is over.
    assert.ok(computed <= 4, `${computed} statuses`);
    world.settle();
    assert.equal(world.written().get('shop/of-3')?.conditions?.[0]?.reason, 'InSync');
    assert.deepEqual(world.written(), world.recomputed());
  });

  test(`a second in which nothing changes costs no policy, with ${policies} policies`, async () => {
    const world = await quietWorld(policies);
    world.settle(60_000);
    assert.ok(world.computed <= 2 * 61, `${world.computed} statuses`);
  });

  test(`an outage of one PanFirewall costs the policies that name it, with ${policies} policies`, async (t) => {
    const world = await quietWorld(policies);
    world.firewall('edge-1').failing = { reason: 'DeviceUnavailable', message: 'no answer' };
    world.report('edge-1');
    world.pass();
    t.diagnostic(`${world.computed} statuses`);
    assert.ok(world.computed <= policies / 2 + 2, `${world.computed} statuses`);
    assert.ok(world.computed >= policies / 2 + 1, `${world.computed} statuses`);
  });

  test(`an edit of one PanFirewall costs the policies that name it, with ${policies} policies`, async (t) => {
    const world = await quietWorld(policies);
    await world.put('edge-1', { ...firewallSpec, addressCIDRs: ['10.0.0.0/8'] });
    world.pass();
    t.diagnostic(`${world.computed} statuses`);
    assert.ok(world.computed <= policies / 2 + 2, `${world.computed} statuses`);
  });
}

test('every policy is computed again within ten minutes, should nobody have reported a change', async () => {
  const computedWith = async (policies: number): Promise<number> => {
    const world = await quietWorld(policies);
    world.settle(11 * 60_000);
    return world.computed;
  };
  assert.equal((await computedWith(20)) - (await computedWith(0)), 20);
});

const names = ['edge-0', 'edge-1', 'edge-2'];
const apps = ['a', 'b'];
const homes = ['shop', 'lab'];
const policies = ['shop/p', 'shop/q', 'lab/p', '/all', '/some'];
const addresses = Array.from({ length: 6 }, (_, i) => `10.0.0.${i}`);

const labels = fc.record({ app: fc.constantFrom(...apps) }, { requiredKeys: [] });
const targets = fc.oneof(
  fc.record({ firewallNames: fc.subarray(names, { minLength: 1 }) }),
  fc.record({ firewallSelector: fc.record({ matchLabels: labels }) }),
);
const firewallName = fc.constantFrom(...names);
const address = fc.constantFrom(...addresses);

/** A step of a history, as a change of the world. */
type Step = (world: StatusWorld) => void | Promise<void>;

const podStep = fc
  .record({
    n: fc.nat(4),
    namespace: fc.constantFrom(...homes),
    labels,
    addresses: fc.subarray(addresses, { maxLength: 2 }),
    terminating: fc.boolean(),
    gone: fc.nat(3).map((n) => n === 0),
  })
  .map(({ n, namespace, gone, ...more }): Step => {
    // A Pod never moves to another namespace.
    const uid = `${namespace}-${n}`;
    const record = pod(n, {
      ...more,
      uid,
      namespace,
      name: uid,
      labels: new Map(Object.entries(more.labels)),
    });
    return (world) => world.pod(gone ? undefined : record, record);
  });

const namespaceStep = fc.record({ name: fc.constantFrom(...homes), labels, gone: fc.boolean() }).map(
  ({ name, labels: given, gone }): Step =>
    (world) => {
      world.namespace({ name, labels: new Map(Object.entries(given)) }, gone ? 'gone' : 'set');
    },
);

const policyStep = fc
  .record({
    key: fc.constantFrom(...policies),
    targets,
    labels,
    namespaceLabels: labels,
    tag: fc.constantFrom('x', 'y', 'x', 'y', '{{ nothing'),
    gone: fc.nat(4).map((n) => n === 0),
  })
  .map(({ key, targets: given, labels: matchLabels, namespaceLabels, tag, gone }): Step => {
    const cluster = key.startsWith('/') ? { namespaceSelector: { matchLabels: namespaceLabels } } : {};
    const spec = { ...given, ...cluster, podSelector: { matchLabels }, tags: [{ template: tag }] };
    return (world) => world.put(key, gone ? undefined : spec);
  });

const firewallStep = fc
  .record({
    name: firewallName,
    labels,
    matchLabels: labels,
    kind: fc.constantFrom('good', 'good', 'good', 'narrow', 'narrow', 'invalid', 'gone'),
  })
  .map(({ name, labels: given, matchLabels, kind }): Step => {
    const spec = {
      ...firewallSpec,
      namespaceSelector: { matchLabels },
      ...(kind === 'narrow' ? { addressCIDRs: ['10.0.0.0/30'] } : {}),
      ...(kind === 'invalid' ? { tagPrefix: '' } : {}),
    };
    return (world) => world.put(name, kind === 'gone' ? undefined : spec, given);
  });

const deviceStep = fc
  .record({
    name: firewallName,
    address,
    what: fc.constantFrom('confirm', 'confirm', 'refuse', 'fail', 'work', 'known', 'unknown', 'full', 'room'),
  })
  .map(
    ({ name, address: at, what }): Step =>
      (world) => {
        const device = world.firewall(name);
        const { desired } = world.controller;
        const holder = desired.holderOf(at);
        if (what === 'confirm') device.confirm(at);
        if (what === 'refuse') {
          const register = desired.tagsOf(name, at);
          const refusedPair = { section: 'register' as const, address: at, message: 'no' };
          device.refusals.answered(at, { register, unregister: [] }, [refusedPair], world.now);
        }
        if (what === 'fail') device.failing = { reason: 'DeviceUnavailable', message: 'no answer' };
        if (what === 'work') device.failing = undefined;
        if (what === 'known' || what === 'unknown') device.known = what === 'known';
        if (what === 'room') device.tally.put(at, undefined);
        if (what === 'full' && holder !== undefined) {
          const behind = [...desired.policiesBehind(name, at)];
          device.tally.put(at, { reason: 'Capacity', pod: holder, policies: behind });
        }
        world.report(name);
      },
  );

const timeStep = fc.record({ ms: fc.constantFrom(10, 60, 500, 1100, 15_000), passes: fc.boolean() }).map(
  ({ ms, passes }): Step =>
    (world) => {
      if (passes) world.settle(ms);
      else world.now += ms;
    },
);

/** What the metrics tell of policies, by key: `1 InSync 3`. */
async function measured({ metrics }: StatusWorld): Promise<ReadonlyMap<string, string>> {
  const keyOf = (labels: Labels) => `${labels['namespace'] ?? ''}/${labels['name']}`;
  const { values: ready } = await metrics.policyReady.get();
  const { values: pods } = await metrics.policyPods.get();
  const podsOf = new Map(pods.map(({ labels, value }) => [keyOf(labels), value]));
  assert.equal(podsOf.size, ready.length);
  return new Map(
    ready.map(({ labels, value }) => {
      const { reason }: Labels = labels;
      return [keyOf(labels), `${value} ${reason} ${podsOf.get(keyOf(labels))}`];
    }),
  );
}
type Labels = Readonly<Record<string, string | number>>;

async function statusesAndMetricsAgree(world: StatusWorld): Promise<void> {
  assert.deepEqual(world.written(), world.recomputed());
  const expected = [...world.written()].flatMap(([key, status]) => {
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    const { pods } = (status ?? {}) as { readonly pods?: number };
    if (!key.includes('/') || ready === undefined) return [];
    return [[key, `${Number(ready.status === 'True')} ${ready.reason} ${pods}`] as const];
  });
  assert.deepEqual(await measured(world), new Map(expected));
}

const quiet: Step = async (world) => {
  // Longer than a table that confirms nothing is waited for.
  world.settle(15_000);
  await statusesAndMetricsAgree(world);
};

const step = fc.oneof(
  { weight: 4, arbitrary: podStep },
  { weight: 1, arbitrary: namespaceStep },
  { weight: 2, arbitrary: policyStep },
  { weight: 2, arbitrary: firewallStep },
  { weight: 4, arbitrary: deviceStep },
  { weight: 1, arbitrary: timeStep },
  { weight: 2, arbitrary: fc.constant(quiet) },
);
const history = fc.array(step, { minLength: 40, maxLength: 80, size: 'max' });

/** A cluster in which every policy applies somewhere. */
async function busyWorld(): Promise<StatusWorld> {
  const world = new StatusWorld(Number.NEGATIVE_INFINITY);
  for (const name of homes) world.namespace({ name, labels: new Map() });
  for (const name of names) await world.put(name, firewallSpec);
  for (const [i, key] of policies.entries()) {
    const cluster = key.startsWith('/') ? { namespaceSelector: {} } : {};
    const firewallNames = names.slice(i % 2);
    await world.put(key, { firewallNames, ...cluster, podSelector: {}, tags: [{ template: `t${i}` }] });
  }
  return world;
}

test('law: after any history, the statuses that were written by keys equal those of computing everything', async () => {
  const law = fc.asyncProperty(history, async (steps) => {
    const world = await busyWorld();
    for (const one of [...steps, quiet]) {
      await one(world);
      world.pass();
    }
  });
  await fc.assert(law, { numRuns: 60 });
});

test('a PanFirewall that a policy no longer selects leaves its status, and one that it selects comes into it', async () => {
  const world = new StatusWorld(Number.NEGATIVE_INFINITY);
  const selector = { firewallSelector: { matchLabels: { app: 'a' } } };
  world.namespace({ name: 'shop', labels: new Map() });
  for (const [name, app] of [
    ['edge-0', 'a'],
    ['edge-1', 'b'],
  ] as const)
    await world.put(name, firewallSpec, { app });
  await world.put('shop/p', { ...selector, podSelector: {}, tags: [{ template: 't' }] });
  world.pod(pod(1));
  world.firewall('edge-0').confirm('10.0.0.1');
  world.settle();
  await world.put('edge-0', firewallSpec, { app: 'b' });
  world.settle();
  await statusesAndMetricsAgree(world);
  assert.equal(world.written().get('shop/p')?.conditions?.[0]?.reason, 'FirewallMissing');
  await world.put('edge-1', firewallSpec, { app: 'a' });
  world.settle();
  await statusesAndMetricsAgree(world);
});

test('a fresh process leaves what it found until it knows the tables, for at most 30 s', async () => {
  const world = await quietWorld(2);
  const found = world.written();
  world.firewall('edge-0').known = false;
  world.restart();
  await world.put('shop/of-0', policySpec(['edge-0'], 'nothing'));
  world.settle(29_000);
  assert.deepEqual(world.written(), found);
  world.settle(3_000);
  assert.notDeepEqual(world.written(), found);
  await statusesAndMetricsAgree(world);
});
