// Desired and Table together: a cluster that moves, a firewall that is told, and what a user may rely on.

import { neverTrips } from './removals/guard-limits.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Desired } from '../../src/core/desired/desired.ts';
import type { RemovalGate } from '../../src/core/removals/removal-gate.ts';
import { Table } from '../../src/core/table/table.ts';
import type { Batch } from '../../src/core/message/batch.ts';
import { tagSet } from '../../src/core/model/tag-set.ts';
import { naiveHolder, naiveState } from './desired/naive-desired.ts';
import {
  addresses,
  applyToWorld,
  carryOut,
  type Change,
  emptyWorld,
  history,
  type World,
} from './desired/universe.ts';
import { confirmBatch, nextBatch } from './table/messages.ts';

type Own = { readonly kind: 'send' } | { readonly kind: 'read' } | { readonly kind: 'restart' };
type Move = Change | Own;

const moves: fc.Arbitrary<Move[]> = history.chain((changes) =>
  fc
    .array(
      fc.constantFrom<'none' | 'send' | 'read' | 'restart'>(
        'none',
        'none',
        'send',
        'send',
        'read',
        'restart',
      ),
      {
        minLength: changes.length,
        maxLength: changes.length,
      },
    )
    .map((extra) =>
      changes.flatMap((change, i): Move[] => {
        const kind = extra[i];
        return kind === undefined || kind === 'none' ? [change] : [change, { kind }];
      }),
    ),
);

/** One firewall, f, with its device; the operator over it may be started anew. */
class Firewall {
  readonly device = new Map<string, Set<string>>();
  readonly world: World = emptyWorld();
  readonly #gate: RemovalGate;
  #desired: Desired;
  table: Table;

  constructor(gate: RemovalGate) {
    this.#gate = gate;
    [this.#desired, this.table] = this.#start();
  }

  run(move: Move): void {
    if (move.kind === 'send') this.send();
    else if (move.kind === 'read') this.read();
    else if (move.kind === 'restart') this.#restart();
    else this.#change(move);
    for (const [address, deserved] of this.#heirs) {
      for (const tag of naiveState(this.world).tables['f']?.[address] ?? []) deserved.add(tag);
    }
  }

  send(): boolean {
    const batch = nextBatch(this.table, { entries: 3, bytes: 1_000_000 }, 0);
    if (batch === undefined) return false;
    this.#apply(batch);
    confirmBatch(batch, [], 0);
    for (const { address } of batch) this.assertNothingInherited(address);
    return true;
  }

  read(): void {
    const owned = [...this.device]
      .filter(([, tags]) => tags.size > 0)
      .map(([a, tags]) => [a, tagSet(tags)] as const);
    this.table.beginRead();
    this.table.endRead({ owned: new Map(owned), others: new Map(), agreed: true }, 0);
  }

  own(): Record<string, string[]> {
    const own = [...this.device].filter(([, tags]) => tags.size > 0);
    return Object.fromEntries(own.map(([address, tags]) => [address, [...tags].sort()]));
  }

  /** Addresses that were seen to change hands, or to lose their holder; with what was deserved there since. */
  readonly #heirs = new Map<string, Set<string>>();

  #change(change: Change): void {
    const holders = () => addresses.map((address) => naiveHolder(this.world, address)?.uid);
    const before = holders();
    applyToWorld(this.world, change);
    // While there is no PanFirewall, nobody notes what its addresses go through.
    const told = this.world.firewalls.has('f');
    const seen = told && !(change.kind === 'deletePod' && change.origin === 'list');
    for (const [i, holder] of holders().entries()) {
      const address = addresses[i] ?? '';
      if (holder === before[i]) continue;
      if (!seen) this.#heirs.delete(address);
      // What a list left out may come back: only who follows a known holder is surely another.
      else if (before[i] !== undefined) this.#heirs.set(address, new Set());
    }
    carryOut(this.#desired, change);
    if (change.kind === 'deleteFirewall' && change.name === 'f') this.#restart();
  }

  /** An address that was written to holds nothing from before it changed hands. */
  assertNothingInherited(address: string): void {
    const deserved = this.#heirs.get(address);
    for (const tag of (deserved && this.device.get(address)) ?? []) {
      assert.ok(deserved?.has(tag), `${tag} of ${address} is inherited`);
    }
  }

  #apply(batch: Batch): void {
    const live = naiveState(this.world).tables['f'] ?? {};
    for (const { address, unregister, register } of batch) {
      const tags = this.device.get(address) ?? new Set();
      for (const tag of unregister) {
        assert.ok(!live[address]?.includes(tag), `${tag} of ${address} is deserved`);
        tags.delete(tag);
      }
      for (const tag of register) tags.add(tag);
      this.device.set(address, tags);
    }
  }

  #start(): [Desired, Table] {
    const desired: Desired = new Desired({
      addressChanged: (name, change) => {
        if (name === 'f') this.table.note(change, 0);
      },
      policyChanged: () => {},
    });
    const table = new Table(
      { tagsOf: (address) => desired.tagsOf('f', address), addresses: () => desired.addressesOf('f') },
      this.#gate,
      neverTrips,
    );
    return [desired, table];
  }

  /** A new process: it lists everything, then reads the table; what happened before it is not known to it. */
  #restart(): void {
    [this.#desired, this.table] = this.#start();
    this.#heirs.clear();
    for (const namespace of this.world.namespaces.values()) this.#desired.setNamespace(namespace);
    for (const firewall of this.world.firewalls.values()) this.#desired.setFirewall(firewall);
    for (const policy of this.world.policies.values()) this.#desired.setPolicy(policy);
    for (const pod of this.world.pods.values()) this.#desired.setClaimant(pod);
    this.#desired.claimantsSynced();
    this.read();
  }
}

test('with full knowledge the device ends as the cluster says, then all is quiet, also after a restart', () => {
  fc.assert(
    fc.property(moves, (story) => {
      const firewall = new Firewall(() => undefined);
      firewall.read();
      for (const move of story) firewall.run(move);
      while (firewall.send());
      const expected = naiveState(firewall.world).tables['f'];
      if (expected !== undefined) assert.deepEqual(firewall.own(), expected);
      firewall.run({ kind: 'restart' });
      if (expected !== undefined)
        assert.equal(firewall.send(), false, 'a restart over an exact table sends nothing');
    }),
    { numRuns: 400 },
  );
});

test('in ignorance nothing that is deserved is missing, and an address that changed hands keeps nothing', () => {
  fc.assert(
    fc.property(moves, (story) => {
      const firewall = new Firewall(() => 'nothing is known');
      firewall.read();
      firewall.run({ kind: 'podsSynced' });
      for (const move of story) firewall.run(move);
      while (firewall.send());
      for (const [address, tags] of Object.entries(naiveState(firewall.world).tables['f'] ?? {})) {
        for (const tag of tags) assert.ok(firewall.device.get(address)?.has(tag), `${tag} of ${address}`);
      }
      for (const address of addresses) firewall.assertNothingInherited(address);
    }),
    { numRuns: 400 },
  );
});
