// At most 64 tags of ours on an address, the highest ranks first, whatever policies and labels come to.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Desired } from '../../../src/core/desired/desired.ts';
import type { Claimant } from '../../../src/core/model/claimant.ts';
import type { Firewall, Labels, Policy } from '../../../src/core/model/model.ts';
import { compareRanks, type Rank, rankOf } from '../../../src/core/policies/rank.ts';
import { mostTags } from '../../../src/core/policies/tag-cap.ts';

const address = '10.0.0.1';
const names = ['f', 'g', 'h'];
const ids = ['a/p', 'a/q', '/p', '/q'];
const starts = ['', 'x', 'y', 'z', 'x1'];

const firewall = (name: string): Firewall => ({
  name,
  labels: new Map(),
  // Two of one prefix: what they get may differ all the same.
  tagPrefix: name === 'h' ? 'h.' : 'k.',
  namespaceSelector: [],
  addressCIDRs: undefined,
});

const labelsOf = (counts: readonly number[]): Labels =>
  new Map(counts.flatMap((count, i) => Array.from({ length: count }, (_, k) => [`${'xyz'[i]}${k}`, 'v'])));

const labelSets: readonly Labels[] = [
  [0, 0, 0],
  [3, 2, 1],
  [40, 40, 0],
  [70, 5, 5],
  [10, 100, 90],
].map(labelsOf);

const policies = fc
  .record({
    id: fc.constantFrom(...ids),
    keys: fc.uniqueArray(fc.constantFrom(...starts), { minLength: 1, maxLength: 3 }),
    targets: fc.subarray(names, { minLength: 1 }),
    priority: fc.integer({ min: 0, max: 2 }),
    namesThePod: fc.boolean(),
  })
  .map(({ id, keys, targets, priority, namesThePod }): Policy => {
    const ofCluster = id.startsWith('/');
    return {
      id,
      name: id.slice(id.indexOf('/') + 1),
      namespace: ofCluster ? undefined : 'a',
      firewalls: { names: targets },
      namespaceSelector: ofCluster ? [] : undefined,
      podSelector: [],
      ...(ofCluster ? { priority } : {}),
      tags: [
        { kind: 'labelKeys', keys: keys.map((start) => `${start}*`) },
        ...(namesThePod
          ? [{ kind: 'template' as const, template: [{ kind: 'field' as const, field: 'pod' as const }] }]
          : []),
      ],
    };
  });

const pod = (labels: Labels): Claimant => ({
  uid: 'u',
  namespace: 'a',
  name: 'pod-1',
  kind: 'Pod',
  fields: { node: 'n', serviceAccount: 'default' },
  labels,
  addresses: [address],
  ineligible: undefined,
  terminating: false,
  since: 1,
});

/** What a policy asks for, before any limit. */
function asked(policy: Policy, labels: Labels): string[] {
  const scope = policy.namespace === undefined ? '' : `ns_${policy.namespace}.`;
  return policy.tags.flatMap((source) =>
    source.kind === 'template'
      ? [`${scope}pod-1`]
      : [...labels.keys()]
          .filter((key) => source.keys.some((start) => key.startsWith(start.slice(0, -1))))
          .map((key) => `${scope}${key}.v`),
  );
}

/** The tags on a firewall, by the definition: the first 64 by rank, then by text. */
function expected(world: ReadonlyMap<string, Policy>, labels: Labels, name: string): string[] {
  const ranks = new Map<string, Rank>();
  for (const policy of world.values()) {
    if (!('names' in policy.firewalls) || !policy.firewalls.names.includes(name)) continue;
    for (const suffix of asked(policy, labels)) {
      const rank = rankOf(policy);
      const known = ranks.get(suffix);
      if (!ranks.has(suffix) || compareRanks(rank, known) < 0) ranks.set(suffix, rank);
    }
  }
  return [...ranks]
    .sort(([a, x], [b, y]) => compareRanks(x, y) || (a < b ? -1 : 1))
    .slice(0, mostTags)
    .map(([suffix]) => `${firewall(name).tagPrefix}${suffix}`)
    .sort();
}

const quiet = { addressChanged: () => {}, policyChanged: () => {} };

function fresh(world: ReadonlyMap<string, Policy>, labels: Labels): Desired {
  const desired = new Desired(quiet);
  for (const name of names) desired.setFirewall(firewall(name));
  desired.setNamespace({ name: 'a', labels: new Map() });
  for (const policy of world.values()) desired.setPolicy(policy);
  desired.setClaimant(pod(labels));
  return desired;
}

const outcome = (desired: Desired) => ({
  tags: names.map((name) => desired.tagsOf(name, address)),
  behind: names.map((name) => [...desired.policiesBehind(name, address)].sort()),
  cut: names.map((name) => [...desired.policiesCutAt(name, address)].sort()),
  counts: ids.map((id) => [
    desired.tagsInUse(id),
    names.map((name) => desired.tallyOf(id)?.addressesOn(name)),
  ]),
});

test('law: the first 64 by rank, then by text; the same by any way there, and counted so', () => {
  const steps = fc.array(
    fc.oneof(
      policies.map((policy) => ({ policy })),
      fc.constantFrom(...ids).map((gone) => ({ gone })),
      fc.constantFrom(...labelSets).map((labels) => ({ labels })),
    ),
    { minLength: 1, maxLength: 12 },
  );
  let cuts = 0;
  fc.assert(
    fc.property(steps, (drawn) => {
      const world = new Map<string, Policy>();
      let [labels = labelsOf([])] = labelSets;
      const desired = fresh(world, labels);
      for (const step of drawn) {
        if ('policy' in step) desired.setPolicy(step.policy);
        if ('policy' in step) world.set(step.policy.id, step.policy);
        if ('gone' in step) desired.deletePolicy(step.gone);
        if ('gone' in step) world.delete(step.gone);
        if ('labels' in step) desired.setClaimant(pod((labels = step.labels)));
        for (const name of names)
          assert.deepEqual(desired.tagsOf(name, address), expected(world, labels, name), name);
        assert.deepEqual(outcome(desired), outcome(fresh(world, labels)));
        for (const name of names) {
          const out = [...world.values()].filter(
            (policy) =>
              desired.firewallsOf(policy.id).includes(name) &&
              asked(policy, labels).some(
                (suffix) => !desired.tagsOf(name, address).includes(`${firewall(name).tagPrefix}${suffix}`),
              ),
          );
          if (out.length > 0) cuts += 1;
          assert.deepEqual([...desired.policiesCutAt(name, address)].sort(), out.map(({ id }) => id).sort());
        }
      }
    }),
    { numRuns: 150 },
  );
  assert.ok(cuts > 100, `only ${cuts} cuts`);
});

test('the ranks of the tags that are there', () => {
  const one = (id: string, key: string, priority: number): Policy => ({
    id,
    name: id.slice(1),
    namespace: undefined,
    firewalls: { names: ['f'] },
    namespaceSelector: [],
    podSelector: [],
    priority,
    tags: [{ kind: 'labelKeys', keys: [key] }],
  });
  const world = new Map([one('/low', 'x*', 0), one('/high', 'x1', 5)].map((policy) => [policy.id, policy]));
  const ranks = fresh(world, labelsOf([3, 0, 0])).ranksAt('f', address);
  assert.deepEqual(
    ranks,
    new Map([
      ['k.x0.v', { priority: 0, name: 'low' }],
      ['k.x1.v', { priority: 5, name: 'high' }],
      ['k.x2.v', { priority: 0, name: 'low' }],
    ]),
  );
});
