// Desired against its oracle: whatever happens in whatever order, the outcome is that of a computation from scratch.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Desired } from '../../../src/core/desired/desired.ts';
import type { AddressChange } from '../../../src/core/model/address-change.ts';
import type { RemovalCause } from '../../../src/core/model/model.ts';
import { sameTags, type TagSet, without } from '../../../src/core/model/tag-set.ts';
import { type NaiveState, naiveHolder, naiveState } from './naive-desired.ts';
import {
  addresses,
  applyToWorld,
  carryOut,
  type Change,
  emptyWorld,
  history,
  namespaces,
  type World,
} from './universe.ts';

type Emission = AddressChange & { readonly firewall: string };

/** A Desired that notes all it says, and replays it. */
function recorded() {
  const emissions: Emission[] = [];
  const notified = new Set<string>();
  const replayed = new Map<string, Map<string, TagSet>>();
  const desired = new Desired({
    addressChanged(firewall, change) {
      const table = replayed.get(firewall) ?? new Map<string, TagSet>();
      replayed.set(firewall, table);
      assert.deepEqual(change.before, table.get(change.address) ?? [], 'before is what was last said');
      assert.deepEqual(
        desired.tagsOf(firewall, change.address),
        change.after,
        'after is what Desired answers',
      );
      if (change.after.length === 0) table.delete(change.address);
      else table.set(change.address, change.after);
      emissions.push({ ...change, firewall });
    },
    policyChanged: (policy) => notified.add(policy),
  });
  const apply = (change: Change) => {
    carryOut(desired, change);
    if (change.kind === 'deleteFirewall') replayed.delete(change.name);
  };
  return { desired, apply, emissions, notified, replayed };
}

function stateOf(desired: Desired, world: World): NaiveState {
  const firewalls = [...world.firewalls.keys()].sort();
  const policies = [...world.policies.keys()];
  const tally = (id: string) => {
    const found = desired.tallyOf(id);
    assert.ok(found, `a tally of ${id}`);
    const on = firewalls
      .map((name) => [name, found.addressesOn(name)] as const)
      .filter(([, count]) => count > 0);
    return {
      pods: found.pods,
      admitted: found.admitted,
      addressesOn: Object.fromEntries(on),
      skipped: found.skipped(),
      tags: desired.tagsInUse(id),
    };
  };
  return {
    tables: Object.fromEntries(
      firewalls.map((name) => {
        const entries = [...desired.addressesOf(name)].map((a) => [a, desired.tagsOf(name, a)] as const);
        return [name, Object.fromEntries(entries)];
      }),
    ),
    targets: Object.fromEntries(policies.map((id) => [id, desired.firewallsOf(id)])),
    tallies: Object.fromEntries(policies.map((id) => [id, tally(id)])),
    behind: Object.fromEntries(
      firewalls.flatMap((name) =>
        addresses.map((a) => [`${name} ${a}`, [...desired.policiesBehind(name, a)].sort()] as const),
      ),
    ),
    admittedBy: Object.fromEntries(
      namespaces.map((namespace) => [namespace, firewalls.filter((name) => desired.admits(name, namespace))]),
    ),
  };
}

function tablesOf(replayed: ReadonlyMap<string, ReadonlyMap<string, TagSet>>, world: World) {
  return Object.fromEntries(
    [...world.firewalls.keys()].sort().map((name) => [name, Object.fromEntries(replayed.get(name) ?? [])]),
  );
}

test('after every change, tables, targets and counts are those of a computation from scratch', () => {
  fc.assert(
    fc.property(history, (changes) => {
      const { desired, apply, notified, replayed } = recorded();
      const world = emptyWorld();
      let before = naiveState(world);
      for (const change of changes) {
        notified.clear();
        apply(change);
        applyToWorld(world, change);
        const expected = naiveState(world);
        assert.deepEqual(stateOf(desired, world), expected);
        assert.deepEqual(tablesOf(replayed, world), expected.tables, 'the changes replayed');
        assertNotified(before, expected, notified);
        before = expected;
      }
    }),
    { numRuns: 400 },
  );
});

test('policies that change together: the same outcome, and each stands behind what it alone gave', () => {
  const bursts = fc.tuple(history, fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 }));
  fc.assert(
    fc.property(bursts, ([changes, sizes]) => {
      const { desired, apply, emissions, replayed } = recorded();
      const world = emptyWorld();
      let at = 0;
      for (let i = 0; at < changes.length; i += 1) {
        const burst = changes.slice(at, (at += sizes[i % sizes.length] ?? 1));
        const ids = [...world.policies.keys()];
        desired.defer();
        for (const change of burst) {
          apply(change);
          applyToWorld(world, change);
        }
        emissions.length = 0;
        const gaveBefore = new Map(ids.map((id) => [id, new Set(desired.tagsInUse(id))]));
        desired.settle();
        assert.deepEqual(stateOf(desired, world), naiveState(world));
        assert.deepEqual(tablesOf(replayed, world), naiveState(world).tables, 'the changes replayed');
        for (const { before, after, origin, cause } of emissions) {
          assert.equal(cause, 'policy');
          assert.ok(origin !== undefined);
          const id = origin.kind === 'PanTagPolicy' ? origin.name : `/${origin.name}`;
          const leaving = without(before, after);
          const givers = burst.flatMap((change) => (idOf(change) === undefined ? [] : [idOf(change) ?? '']));
          assert.ok(givers.includes(id), `${id} did not change`);
          for (const tag of leaving) {
            const gave = (one: string) => gaveBefore.get(one)?.has(tag) === true;
            if (givers.some(gave)) assert.ok(gave(id), `${tag} was never ${id}'s`);
          }
        }
      }
    }),
    { numRuns: 400 },
  );
});

/** The policy that a change is about. */
function idOf(change: Change): string | undefined {
  if (change.kind === 'setPolicy') return change.policy.id;
  return change.kind === 'deletePolicy' ? change.id : undefined;
}

function assertNotified(before: NaiveState, after: NaiveState, notified: ReadonlySet<string>): void {
  for (const id of Object.keys(after.tallies)) {
    const [namespace = ''] = id.split('/');
    // What a firewall admits that the policy does not name is nothing that it shows.
    const shown = ({ tallies, targets, admittedBy }: NaiveState) => {
      const own = targets[id] ?? [];
      return JSON.stringify([
        tallies[id],
        own,
        own.filter((name) => admittedBy[namespace]?.includes(name) === true),
      ]);
    };
    assert.ok(shown(before) === shown(after) || notified.has(id), `policyChanged(${id})`);
  }
}

test('the order in which the inputs arrive does not matter', () => {
  const shuffled = history.chain((changes) => {
    const world = emptyWorld();
    for (const change of changes) applyToWorld(world, change);
    const inputs: Change[] = [
      ...[...world.pods.values()].map((pod) => ({ kind: 'setPod' as const, pod })),
      ...[...world.namespaces.values()].map((namespace) => ({ kind: 'setNamespace' as const, namespace })),
      ...[...world.policies.values()].map((policy) => ({ kind: 'setPolicy' as const, policy })),
      ...[...world.firewalls.values()].map((firewall) => ({ kind: 'setFirewall' as const, firewall })),
    ];
    return fc.record({
      world: fc.constant(world),
      inputs: fc.shuffledSubarray(inputs, { minLength: inputs.length, maxLength: inputs.length }),
    });
  });
  fc.assert(
    fc.property(shuffled, ({ world, inputs }) => {
      const { desired, apply } = recorded();
      for (const input of inputs) apply(input);
      assert.deepEqual(stateOf(desired, world), naiveState(world));
    }),
  );
});

test('an input that is set again as it is says nothing at all', () => {
  fc.assert(
    fc.property(history, (changes) => {
      const { desired, apply, emissions, notified } = recorded();
      const world = emptyWorld();
      for (const change of changes) {
        apply(change);
        applyToWorld(world, change);
      }
      emissions.length = 0;
      notified.clear();
      for (const pod of world.pods.values()) desired.setClaimant({ ...pod, addresses: [...pod.addresses] });
      for (const namespace of world.namespaces.values()) desired.setNamespace({ ...namespace });
      for (const policy of world.policies.values()) desired.setPolicy(structuredClone(policy));
      for (const firewall of world.firewalls.values()) desired.setFirewall(structuredClone(firewall));
      for (const uid of ['u0', 'u1', 'u2']) if (!world.pods.has(uid)) desired.deleteClaimant(uid, 'watch');
      for (const id of ['a/p', '/p']) if (!world.policies.has(id)) desired.deletePolicy(id);
      for (const name of ['f', 'g']) if (!world.firewalls.has(name)) desired.deleteFirewall(name);
      assert.deepEqual(emissions, []);
      assert.deepEqual([...notified], []);
    }),
  );
});

test('every change names the cause that was seen, and only whole-address causes come without a difference', () => {
  fc.assert(
    fc.property(history, (changes) => {
      const { apply, emissions } = recorded();
      const world = emptyWorld();
      const causes = naiveCauses(world);
      for (const change of changes) {
        emissions.length = 0;
        const expected = causes(change);
        apply(change);
        for (const { address, before, after, cause } of emissions) {
          assert.equal(cause, expected(address), `${change.kind} at ${address}`);
          assert.ok(cause === 'vacated' || cause === 'newHolder' || !sameTags(before, after));
        }
        for (const address of addresses) {
          const cause = expected(address);
          if (cause !== 'vacated' && cause !== 'newHolder') continue;
          const told = emissions.filter((emission) => emission.address === address);
          assert.deepEqual(
            new Set(told.map(({ firewall }) => firewall)),
            new Set(world.firewalls.keys()),
            `${cause} of ${address} is told to every firewall`,
          );
        }
      }
    }),
    { numRuns: 1000 },
  );
});

/** Applies changes to the world, and tells for each what its cause must be at an address. */
function naiveCauses(world: World): (change: Change) => (address: string) => RemovalCause {
  let synced = false;
  const lostToAList = new Map<string, string>();
  return (change) => {
    const before = new Map(addresses.map((address) => [address, naiveHolder(world, address)?.uid]));
    applyToWorld(world, change);
    const after = new Map(addresses.map((address) => [address, naiveHolder(world, address)?.uid]));
    if (change.kind === 'podsSynced') synced = true;
    const lost = new Map(lostToAList);
    for (const address of addresses) {
      if (before.get(address) === after.get(address)) continue;
      lostToAList.delete(address);
      const former = before.get(address);
      const listed = change.kind === 'deletePod' && change.origin === 'list';
      if (listed && after.get(address) === undefined && former !== undefined)
        lostToAList.set(address, former);
    }
    return (address) => {
      if (change.kind === 'setNamespace' || change.kind === 'deleteNamespace') return 'namespace';
      if (change.kind !== 'setPod' && change.kind !== 'deletePod') return 'policy';
      const holder = after.get(address);
      if (holder === before.get(address)) return 'relabelled';
      if (holder !== undefined) return synced && lost.get(address) !== holder ? 'newHolder' : 'relist';
      return change.kind === 'deletePod' && change.origin === 'list' ? 'relist' : 'vacated';
    };
  };
}
