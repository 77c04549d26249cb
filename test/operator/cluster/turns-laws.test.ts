// Plays the scheduler: in whatever turns lists, edits and answers are taken up, the guard judges each of them once.

import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as fc from 'fast-check';
import type { DefinitionLook } from '../../../src/core/removals/crd-deletion.ts';
import type { AddressChange } from '../../../src/core/model/address-change.ts';
import type { NamespaceRecord } from '../../../src/core/model/model.ts';
import type { PodRecord } from '../../../src/kubernetes/codec/pod-record.ts';
import { podSource } from '../../../src/operator/sources/pod-source.ts';
import { type RemovalGate, removalGate } from '../../../src/core/removals/removal-gate.ts';
import { type Candidates, RemovalGuard } from '../../../src/core/removals/removal-guard.ts';
import { Table } from '../../../src/core/table/table.ts';
import type { Scope } from '../../../src/core/model/policy-scope.ts';
import type { RawObject } from '../../../src/kubernetes/codec/decoders.ts';
import { Intake } from '../../../src/kubernetes/reflector/intake.ts';
import { Controller } from '../../../src/operator/cluster/controller.ts';
import type { FirewallWorker } from '../../../src/operator/firewall/firewall-worker.ts';
import { createLogger } from '../../../src/runtime/logger.ts';
import { confirmBatch, nextBatch } from '../../core/table/messages.ts';
import { podRecord } from '../pod-records.ts';

const limits = { entries: 500, bytes: 1024 * 1024 };
const stands: DefinitionLook = { state: 'stands', createdAt: '2020-01-01T00:00:00Z', original: true };
const namespaces = Array.from({ length: 12 }, (_, n) => `n${n}`);
const podsEach = 4;
const addressesOf = (namespace: string) =>
  Array.from({ length: podsEach }, (_, i) => `10.0.${namespaces.indexOf(namespace)}.${i}`);

const meta = (name: string, more: object = {}) => ({
  name,
  uid: `uid-${name}`,
  generation: 1,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
  ...more,
});
const raw = (object: { readonly metadata: { readonly uid: string } }): RawObject => ({
  uid: object.metadata.uid,
  resourceVersion: '1',
  object,
});
const firewall = raw({
  metadata: meta('edge'),
  spec: {
    endpoint: 'https://fw.example.net',
    tagPrefix: 'k8s.',
    credentials: { secretRef: { name: 'edge' } },
    namespaceSelector: {},
    deletionPolicy: 'Retain',
  },
} as never);
const policyIn = (namespace: string): RawObject =>
  raw({
    kind: 'PanTagPolicy',
    metadata: meta(`of-${namespace}`, { namespace }),
    spec: { firewallNames: ['edge'], podSelector: {}, tags: [{ template: 'web' }] },
  } as never);
const podsIn = (namespace: string): PodRecord[] =>
  addressesOf(namespace).map((address) => podRecord(`pod-${address}`, address, { namespace }));
const entryOf = <R extends { readonly uid: string }>(record: R) => ({
  uid: record.uid,
  resourceVersion: '1',
  record,
});
const namespaceEntry = (name: string) => ({
  uid: name,
  resourceVersion: '1',
  record: { name, labels: new Map() } satisfies NamespaceRecord,
});

/** A cluster as its parts are taken up, one table that follows it, and what the guard was asked, judgement by judgement. */
async function world() {
  const clock = { now: 10_000 };
  const judged: Candidates[] = [];
  const judge: RemovalGuard['judge'] = Object.getOwnPropertyDescriptor(
    RemovalGuard.prototype,
    'judge',
  )?.value;
  mock.method(
    RemovalGuard.prototype,
    'judge',
    function (this: RemovalGuard, ...given: Parameters<typeof judge>) {
      judged.push(new Map(given[0]));
      judge.apply(this, given);
    },
  );
  let questions: ((look: DefinitionLook) => void)[] = [];
  let wakes = 0;
  const gate = () => {
    const { synced, relisting, unreadableOwner } = controller.knowledge();
    return removalGate('k8s.', { clusterSynced: synced, relisting, tableRead: () => true, unreadableOwner });
  };
  const know = (by: RemovalGate) => {
    known = by;
    const { judgeFrom, burst } = controller.knowledge();
    table.setKnowledge({ gate: known, judgeFrom, burst }, clock.now);
  };
  const worker = {
    note: (change: AddressChange) => table.note(change, clock.now),
    limits: { note: () => undefined },
    tables: {
      knowledgeChanged: (scope?: Scope) =>
        scope === undefined ? know(gate()) : table.gateMoved(scope, clock.now),
      judgeSooner: () => {
        wakes += 1;
      },
    },
    settingsChanged: () => undefined,
    refersTo: () => false,
  };
  const controller: Controller = new Controller({
    createWorker: () => worker as unknown as FirewallWorker,
    changed: () => undefined,
    dropAnnotation: () => undefined,
    askDefinition: (_, answer) => questions.push(answer),
    statusObserved: () => undefined,
    log: createLogger({ level: 'silent', format: 'json' }),
    now: () => clock.now,
  });
  const { desired } = controller;
  const tags = {
    tagsOf: (address: string) => desired.tagsOf('edge', address),
    addresses: () => desired.addressesOf('edge'),
  };
  let known = gate();
  const table = new Table(tags, known, { percent: 100, minimum: 1000 });
  const pods = new Intake(controller.claimants(podSource()), 3);
  const spaces = new Intake(controller.namespaces(), 1);
  const policies = new Intake(controller.policiesOf('pantagpolicies'), 1);
  const firewalls = new Intake(controller.panFirewalls(), 1);
  await list(firewalls, [entryOf(firewall)]);
  await list(spaces, namespaces.map(namespaceEntry));
  await list(policies, namespaces.map(policyIn).map(entryOf));
  await list(pods, namespaces.flatMap(podsIn).map(entryOf));
  controller.policiesOf('clusterpantagpolicies').synced();
  controller.secretsOf().synced();
  await nextTurn();
  table.beginRead();
  const owned = new Map([...tags.addresses()].map((address) => [address, tags.tagsOf(address)]));
  assert.equal(owned.size, namespaces.length * podsEach);
  table.endRead({ owned, others: new Map(), agreed: true }, clock.now);
  return {
    clock,
    judged,
    table,
    pods,
    spaces,
    policies,
    /** How often it was woken, as it may judge sooner than was thought. */
    get wakes() {
      return wakes;
    },
    /** What a table's worker does when it wakes. */
    step: () => {
      know(known);
      const batch = nextBatch(table, limits, clock.now);
      if (batch !== undefined) confirmBatch(batch, [], clock.now);
    },
    /** A look at the CRDs ends. */
    answer: (look: DefinitionLook = stands) => {
      const asked = questions;
      questions = [];
      for (const answer of asked) answer(look);
    },
  };
}

async function list<R>(
  intake: Intake<R>,
  entries: readonly { readonly uid: string; readonly resourceVersion: string; readonly record: R }[],
): Promise<void> {
  intake.beginList();
  intake.add(entries);
  await intake.endList('1');
}

afterEach(() => mock.restoreAll());

const draw = fc.record({
  /** How many turns pass before each of the four begins, and between its parts. */
  turns: fc.array(fc.nat(6), { minLength: 64, maxLength: 64 }),
  /** Whether the table's worker, or an answer, gets a turn. */
  wakes: fc.array(fc.boolean(), { minLength: 64, maxLength: 64 }),
  ms: fc.array(fc.nat(8), { minLength: 64, maxLength: 64 }),
  missing: fc.record({
    pods: fc.integer({ min: 1, max: 3 }),
    spaces: fc.integer({ min: 1, max: 3 }),
    listed: fc.integer({ min: 1, max: 3 }),
    deleted: fc.integer({ min: 1, max: 3 }),
  }),
  which: fc.subarray(['pods', 'spaces', 'listed', 'deleted'] as const, { minLength: 1 }),
  fails: fc.boolean(),
  /** A busy process: a third of a second may pass between two slices of a list. Edits of one burst come quicker. */
  isSlow: fc.boolean(),
});

test('law: guarded removals of one list, of one burst of edits, and of what is answered, are judged once', async () => {
  await fc.assert(
    fc.asyncProperty(draw, async ({ turns, wakes, ms, missing, which: drawn, fails, isSlow }) => {
      const which = isSlow ? drawn.filter((cause) => cause !== 'deleted') : drawn;
      const here = await world();
      const { clock, judged, step, answer } = here;
      let at = 0;
      const pick = <T>(from: readonly T[]): T => from[at++ % from.length] as T;
      const some = async () => {
        for (let left = pick(turns); left > 0; left--) await nextTurn();
      };
      // Each cause has three namespaces of its own.
      const part = { pods: 0, spaces: 3, listed: 6, deleted: 9 };
      const gone = (cause: keyof typeof part) => namespaces.slice(part[cause], part[cause] + missing[cause]);
      const without = (cause: keyof typeof part) => namespaces.filter((one) => !gone(cause).includes(one));
      const relist = async <R>(intake: Intake<R>, entries: Parameters<typeof list<R>>[1]) => {
        await some();
        intake.beginList();
        if (fails) {
          intake.add(entries.slice(0, 2));
          await some();
          intake.forgetPosition();
          await some();
          intake.beginList();
        }
        intake.add(entries);
        await some();
        await intake.endList('2');
      };
      const causes = {
        pods: () => relist(here.pods, without('pods').flatMap(podsIn).map(entryOf)),
        spaces: () => relist(here.spaces, without('spaces').map(namespaceEntry)),
        listed: () =>
          relist(
            here.policies,
            without('listed')
              .filter((one) => !deletedYet.has(one))
              .map(policyIn)
              .map(entryOf),
          ),
        deleted: async () => {
          await some();
          for (const namespace of gone('deleted')) {
            deletedYet.add(namespace);
            await here.policies.take([{ kind: 'gone', entry: entryOf(policyIn(namespace)) }]);
            await nextTurn();
          }
        },
      };
      const deletedYet = new Set<string>();
      const running = { yes: true };
      const competitor = async () => {
        while (running.yes) {
          clock.now += pick(ms) * (isSlow ? 40 : 1);
          if (pick(wakes)) step();
          if (pick(wakes)) answer();
          await nextTurn();
        }
      };
      const competing = competitor();
      // Lists and events of one kind come one after the other.
      const order = ['listed', 'deleted'] as const;
      const inTurn = pick(wakes) ? order : order.toReversed();
      const ofPolicies = async () => {
        for (const cause of inTurn) if (which.includes(cause)) await causes[cause]();
      };
      const others = (['pods', 'spaces'] as const).filter((cause) => which.includes(cause));
      await Promise.all([ofPolicies(), ...others.map((cause) => causes[cause]())]);
      running.yes = false;
      await competing;
      // What was not asked yet is answered late.
      for (let rest = 0; rest < 3; rest++) {
        clock.now += 60;
        step();
      }
      for (let rest = 0; rest < 6; rest++) {
        answer();
        clock.now += 1000;
        step();
      }
      for (const cause of which) {
        const when = gone(cause)
          .flatMap(addressesOf)
          .map((address) => judged.findIndex((candidates) => candidates.has(address)));
        assert.ok(!when.includes(-1), `${cause}: all of it was judged`);
        assert.equal(new Set(when).size, 1, `${cause}: as one`);
      }
    }),
    { numRuns: 150 },
  );
});

test('an answer wakes the workers also where it opens no gate: they may judge sooner than was thought', async () => {
  const here = await world();
  await here.policies.take([{ kind: 'gone', entry: entryOf(policyIn('n0')) }]);
  assert.equal(here.wakes, 0);
  here.answer({ state: 'gone' });
  assert.equal(here.wakes, 1);
});
