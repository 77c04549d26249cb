// Thousands of policies that go together: what it costs to follow them, in steps.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DefinitionLook } from '../../../src/core/removals/crd-deletion.ts';
import { Desired } from '../../../src/core/desired/desired.ts';
import { removalGate } from '../../../src/core/removals/removal-gate.ts';
import { Table } from '../../../src/core/table/table.ts';
import { parsePolicy } from '../../../src/kubernetes/resources/parse.ts';
import { PolicyObjects } from '../../../src/operator/cluster/policy-objects.ts';
import { createLogger } from '../../../src/runtime/logger.ts';
import { nextBatch } from '../../core/table/messages.ts';

const limits = { entries: 500, bytes: 1024 * 1024 };
const podsEach = 4;
const stands: DefinitionLook = { state: 'stands', createdAt: '2020-01-01T00:00:00Z', original: true };

const policyOf = (n: number) =>
  parsePolicy({
    kind: 'PanTagPolicy',
    metadata: {
      name: 'p',
      namespace: `n${n}`,
      uid: `u${n}`,
      generation: 1,
      resourceVersion: '1',
      creationTimestamp: '2024-01-01T00:00:00Z',
    },
    spec: { firewallNames: ['edge'], podSelector: {}, tags: [{ template: 'web' }] },
  });

/** How often anybody asks what an address deserves or whether a tag may go, while so many policies go, one a turn. */
function stepsOf(count: number): { readonly steps: number; readonly guarded: number } {
  const counts = { steps: 0 };
  const answers: (() => void)[] = [];
  const desired: Desired = new Desired({
    addressChanged: (_, change) => table.note(change, 0),
    policyChanged: () => undefined,
  });
  const policies = new PolicyObjects({
    desired,
    changed: () => undefined,
    knowledgeChanged: (scope) => table.gateMoved(scope, 0),
    askDefinition: (_, answer) => answers.push(() => answer(stands)),
    statusObserved: () => undefined,
    log: createLogger({ level: 'silent', format: 'json' }),
  });
  const unreadableOwner = (scope: string) => {
    counts.steps += 1;
    return policies.unreadableOwner(scope);
  };
  const tagsOf = (address: string) => {
    counts.steps += 1;
    return desired.tagsOf('edge', address);
  };
  const gate = removalGate('k8s.', { clusterSynced: true, tableRead: () => true, unreadableOwner });
  const tags = { tagsOf, addresses: () => desired.addressesOf('edge') };
  const table: Table = new Table(tags, gate, { percent: 30, minimum: 50 });
  desired.setFirewall({
    name: 'edge',
    labels: new Map(),
    tagPrefix: 'k8s.',
    namespaceSelector: [],
    addressCIDRs: undefined,
  });
  for (let n = 0; n < count; n++) {
    const namespace = `n${n}`;
    desired.setNamespace({ name: namespace, labels: new Map() });
    policies.set(policyOf(n), 'list');
    for (let i = 0; i < podsEach; i++)
      desired.setClaimant({
        uid: `${n}-${i}`,
        namespace,
        name: `web-${i}`,
        kind: 'Pod',
        fields: { node: 'n1', serviceAccount: 'default' },
        labels: new Map(),
        addresses: [`10.${n >> 8}.${n & 255}.${i}`],
        ineligible: undefined,
        terminating: false,
        since: 1000,
      });
  }
  desired.claimantsSynced();
  table.beginRead();
  const owned = new Map([...tags.addresses()].map((address) => [address, desired.tagsOf('edge', address)]));
  table.endRead({ owned, others: new Map(), agreed: true }, 0);
  // As long as they come, and are answered, the worker wakes in between and its status is looked at.
  table.setKnowledge({ gate, judgeFrom: 1 }, 0);
  counts.steps = 0;
  const turn = () => {
    assert.equal(nextBatch(table, limits, 0), undefined);
    assert.ok(table.waiting + table.pending >= 0);
  };
  for (let n = 0; n < count; n++) {
    policies.gone(policyOf(n), 'watch');
    turn();
  }
  for (const answer of answers) {
    answer();
    turn();
  }
  const { steps } = counts;
  assert.equal(table.pending, count * podsEach, 'all of them are ready to be judged');
  return { steps, guarded: table.pending };
}

test('law: what a prune of policies costs grows with what they had registered, not with its square', () => {
  const few = stepsOf(500);
  const many = stepsOf(5000);
  assert.equal(many.guarded, 10 * few.guarded);
  assert.ok(many.steps <= 10.5 * few.steps, `${few.steps} steps for 500, ${many.steps} for 5000`);
  assert.ok(many.steps <= 40 * many.guarded, `${many.steps} steps for ${many.guarded} addresses`);
});
